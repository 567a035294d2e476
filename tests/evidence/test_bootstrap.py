"""The intervals: their coverage where the truth is known, and that they are everyone's."""

from math import asin, pi

import numpy as np
import pytest

from service.evidence import Members
from service.evidence.bootstrap import RESAMPLES, counts, interval
from service.evidence.members import Floats
from tests.evidence.test_metrics import run

METRICS = ("spearman", "kendall_tau_b", "pairwise_agreement")


def normal(rng: np.random.Generator, size: int, r: float) -> tuple[Floats, Floats]:
    """A bivariate normal sample of correlation r."""
    x = rng.normal(size=size)
    return x, r * x + np.sqrt(1 - r**2) * rng.normal(size=size)


@pytest.mark.parametrize("r", [0.0, 0.5, 0.85])
def test_an_interval_holds_the_truth_95_times_of_100(r: float) -> None:
    """Of a bivariate normal ρ is 6/π asin(r/2), τ 2/π asin r, the agreement (1 + τ) / 2."""
    tau = 2 / pi * asin(r)
    known = dict(zip(METRICS, (6 / pi * asin(r / 2), tau, (1 + tau) / 2), strict=True))
    rng = np.random.default_rng(17)
    samples, within = 400, dict.fromkeys(METRICS, 0)
    for number in range(samples):
        found = run(Members(np.arange(50), *normal(rng, 50, r), True), f"{r}/{number}").all
        for name, truth in known.items():
            within[name] += found.metrics[name].low <= truth <= found.metrics[name].high
    for name, count in within.items():
        # A binomial of 400 at 0.95 lies between 0.92 and 0.98 but once in a hundred; percentile
        # intervals of 50 members hold a little less.
        assert 0.91 <= count / samples <= 0.98, name


def test_spellings_of_one_architecture_are_no_further_evidence() -> None:
    """Each member four times, as four spellings: the same draw, the same interval to rounding."""
    rng = np.random.default_rng(18)
    scores, accuracies = normal(rng, 100, 0.6)
    once = run(Members(np.arange(100), scores, accuracies, True)).all
    four = [np.repeat(each, 4) for each in (np.arange(100), scores, accuracies)]
    repeated = run(Members(*four, True)).all
    alone = run(Members(np.arange(400), *four[1:], True)).all
    assert (repeated.members, repeated.architectures) == (400, 100)
    wide = once.metrics["spearman"].high - once.metrics["spearman"].low
    assert repeated.metrics["spearman"].value == pytest.approx(once.metrics["spearman"].value)
    assert repeated.metrics["spearman"].low == pytest.approx(once.metrics["spearman"].low)
    assert repeated.metrics["spearman"].high == pytest.approx(once.metrics["spearman"].high)
    # Taken for four hundred architectures, they would pretend to twice the certainty.
    assert alone.metrics["spearman"].high - alone.metrics["spearman"].low < 0.6 * wide


def test_the_same_question_has_the_same_answer() -> None:
    rng = np.random.default_rng(19)
    scores, accuracies = normal(rng, 60, 0.5)
    of = Members(np.arange(60), scores, accuracies, True)
    assert run(of, "one") == run(of, "one")
    assert run(of, "one").all.metrics["spearman"] != run(of, "another").all.metrics["spearman"]
    # What an architecture is numbered by is not part of the question.
    assert run(Members(np.arange(60) * 7 + 3, scores, accuracies, True), "one") == run(of, "one")


def test_the_draw_is_the_same_on_every_machine() -> None:
    first = next(iter(counts("nb201", np.arange(12))))
    assert first[0].tolist() == [1, 3, 2, 0, 1, 0, 0, 0, 0, 4, 1, 0]


def test_an_architecture_is_drawn_with_all_its_members() -> None:
    owners = np.array([0, 1, 1, 2, 2, 2, 3])
    drawn = np.concatenate(list(counts("whose", owners)))
    assert drawn.shape == (RESAMPLES, 7)
    assert (drawn[:, 1] == drawn[:, 2]).all()
    assert (drawn[:, 3] == drawn[:, 5]).all()
    of_each = drawn[:, [0, 1, 3, 6]]
    assert (of_each.sum(axis=1) == 4).all()
    # Multinomial: of mean 1 and variance 3/4.
    assert np.abs(of_each.mean(axis=0) - 1).max() < 0.12
    assert np.abs(of_each.var(axis=0) - 0.75).max() < 0.12


def test_parts_do_not_change_the_draw() -> None:
    whole = np.concatenate(list(counts("parts", np.arange(400))))
    assert whole.shape == (RESAMPLES, 400)
    assert len(list(counts("parts", np.arange(400)))) > 2
    assert len(np.unique(whole, axis=0)) == RESAMPLES


def test_percentiles() -> None:
    assert interval(np.arange(1001.0)) == pytest.approx((25.0, 975.0))
