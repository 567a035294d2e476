"""The mean of many seeds and its interval."""

from math import inf

import numpy as np
import pytest

from service.search.mean_curves import extended, mean_curve, mean_of_reached, needed_by_mean


def test_the_interval_is_that_of_the_mean() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(70.0, 2.0, size=(100, 1))
    found = mean_curve(list(values), 3)
    assert found.mean == pytest.approx(np.repeat(values.mean(), 3))
    error = values.std() / 10
    # The bootstrap's standard error is that of the sample; its ends are within a tenth of that.
    assert found.low[0] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high[0] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_a_search_that_ended_early_stays_where_it_was() -> None:
    assert extended(np.array([1.0, 2.0]), 4).tolist() == [1.0, 2.0, 2.0, 2.0]
    assert extended(np.array([1.0, 2.0, 3.0]), 2).tolist() == [1.0, 2.0]


def test_a_search_that_is_not_finished_counts_as_far_as_it_is() -> None:
    short, long = np.array([1.0, 2.0]), np.array([3.0, 6.0, 7.0])
    found = mean_of_reached([long, short, short])
    assert found.mean == pytest.approx([5 / 3, 10 / 3, 7.0])
    assert (found.low[2], found.high[2]) == (7.0, 7.0)
    both = mean_curve([long[:2], short, short], 2)
    assert found.low[:2].tolist() == both.low.tolist()
    assert found.high[:2].tolist() == both.high.tolist()


def test_how_many_the_mean_needs() -> None:
    curves = [np.array([0.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0])]
    # Resamples of two: one or the other twice, or each once.
    assert needed_by_mean(curves, 3, 2.0) == (2, 1, 2)
    assert needed_by_mean(curves, 3, 3.0) == (3, 3, inf)
    assert needed_by_mean(curves, 3, 5.0) == (inf, inf, inf)
