"""zico: by hand, and where the halves differ in size."""

from dataclasses import replace
from math import e, isnan, nan

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from service.engine import Measurements
from service.engine.halves import halves, inverse_variation
from service.proxies import FORMULAS, UndefinedError, evaluate, score

from .slow import Slow
from .small_graphs import GRAPHS, minibatch


def _zico(*variations: float) -> float:
    return FORMULAS["zico"](replace(Measurements(), inverse_variations=variations))


def test_the_score_of_layers_written_by_hand() -> None:
    """A layer that does not differ counts 0, one that is not a number is not left out."""
    assert _zico(e, 0.0, e**2) == pytest.approx(3)
    assert isnan(_zico(e, nan))
    with pytest.raises(UndefinedError, match="no layer's gradients differ between the halves"):
        _zico(0.0, 0.0)


def test_two_gradients_written_by_hand() -> None:
    """1 and 3: mean 2, deviation 1. -1 and 1: mean 1, deviation 1. Two alike are left out."""
    first, second = torch.tensor([1.0, -1, 5, 0]), torch.tensor([3.0, 1, 5, 0])
    assert float(inverse_variation(first, second)) == 3
    assert float(inverse_variation(first, first)) == 0
    assert isnan(float(inverse_variation(torch.tensor([nan, 1]), torch.tensor([1.0, 2]))))
    assert isnan(float(inverse_variation(torch.tensor([float("inf")]), torch.tensor([1.0]))))


@given(st.integers(0, 99), st.sampled_from([torch.float32, torch.float64]))
def test_means_and_deviations_are_numpys(seed: int, dtype: torch.dtype) -> None:
    pair = np.random.default_rng(seed).integers(-3, 4, (2, 5, 4)) / 8
    means, deviations = np.abs(pair).mean(0), pair.std(0)
    expected = (means[deviations > 0] / deviations[deviations > 0]).sum()
    first, second = torch.tensor(pair, dtype=dtype)
    assert float(inverse_variation(first, second)) == pytest.approx(expected)
    assert torch.equal(first, torch.tensor(pair[0], dtype=dtype))


def test_of_an_odd_number_the_second_half_has_one_more() -> None:
    images, labels = minibatch(GRAPHS["residual"], 17)
    parts = halves(torch.tensor(images), torch.tensor(labels))
    assert [len(x) for x, _ in parts] == [8, 9]
    assert torch.equal(torch.cat([y for _, y in parts]), torch.tensor(labels))
    found = evaluate(GRAPHS["residual"], images, labels, 3, ["zico"], dtype=torch.float64)
    expected = Slow(GRAPHS["residual"], images, labels, 3).zico()
    assert found.values["zico"] == pytest.approx(expected, rel=1e-9)


def test_halves_that_are_the_same_have_no_score() -> None:
    images, labels = minibatch(GRAPHS["residual"])
    images[8:], labels[8:] = images[:8], labels[:8]
    found = evaluate(GRAPHS["residual"], images, labels, 3, ["zico", "snip"])
    reason = "no layer's gradients differ between the halves of the minibatch"
    assert found.undefined == {"zico": reason}


def test_each_half_has_batch_norm_statistics_of_its_own() -> None:
    """A network that is a batch norm and a linear layer: what the halves' means are goes away."""
    images, labels = minibatch(GRAPHS["residual"])
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3 * 8 * 8, 5)).double()
    x, y = torch.tensor(images).double(), torch.tensor(labels)
    moved = torch.cat([x[:8] + 5, x[8:] - 7])
    found, expected = (score(network, each, y, ["zico", "grad_norm"]) for each in (moved, x))
    assert found["zico"] == pytest.approx(expected["zico"], rel=1e-6)
    assert found["grad_norm"] != pytest.approx(expected["grad_norm"], rel=0.1)
