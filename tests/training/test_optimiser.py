"""Steps of one parameter against what they must be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from service.training.optimiser import momenta, optimiser, restore_momenta
from tests.training.toy import recipe


class One(nn.Module):
    """One number in float64, and the loss curvature/2 · w² + slope · w."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([value], dtype=torch.float64))

    def loss(self, slope: float, curvature: float = 0.0) -> torch.Tensor:
        return (curvature / 2 * self.w**2 + slope * self.w).sum()


def steps(one: One, sgd: torch.optim.SGD, count: int, slope: float, curvature: float) -> None:
    for _ in range(count):
        sgd.zero_grad()
        one.loss(slope, curvature).backward()  # type: ignore[no-untyped-call]
        sgd.step()


@settings(deadline=None)
@given(count=st.integers(1, 30), slope=st.floats(-2, 2), momentum=st.sampled_from([0.5, 0.9]))
def test_a_constant_gradient_moves_by_the_geometric_series(
    count: int, slope: float, momentum: float
) -> None:
    """v_t = g (1 − μ^t) / (1 − μ), and a step is η (g + μ v_t) = η v_{t+1}."""
    one, asked = One(1.0), recipe(momentum=momentum, weight_decay=0.0)
    steps(one, optimiser(one, asked), count, slope, 0.0)
    moved = sum((1 - momentum ** (t + 1)) / (1 - momentum) for t in range(1, count + 1))
    assert one.w.item() == pytest.approx(1 - 0.1 * slope * moved, rel=1e-9, abs=1e-12)


def test_weight_decay_alone_is_a_linear_recurrence() -> None:
    """(w, v) ← M (w, v) with v' = μv + λw and w' = w − η (λw + μv'): powers of a matrix."""
    asked = recipe(weight_decay=0.3)
    one = One(2.0)
    steps(one, optimiser(one, asked), 12, 0.0, 0.0)
    eta, mu, decay = asked.learning_rate, asked.momentum, asked.weight_decay
    matrix = np.array(
        [[1 - eta * decay * (1 + mu), -eta * mu**2], [decay, mu]],
    )
    expected = np.linalg.matrix_power(matrix, 12) @ [2.0, 0.0]
    assert one.w.item() == pytest.approx(expected[0], rel=1e-12)


@settings(deadline=None)
@given(
    first=st.integers(0, 5),
    then=st.integers(1, 5),
    slope=st.floats(-2, 2),
    curvature=st.floats(0, 3),
)
def test_it_is_what_its_docstring_says_and_goes_on_from_its_momenta(
    first: int, then: int, slope: float, curvature: float
) -> None:
    asked = recipe()
    w, v = 0.7, 0.0
    for _ in range(first + then):
        gradient = curvature * w + slope + asked.weight_decay * w
        v = asked.momentum * v + gradient
        w -= asked.learning_rate * (gradient + asked.momentum * v)
    one = One(0.7)
    sgd = optimiser(one, asked)
    steps(one, sgd, first, slope, curvature)
    kept = momenta(one, sgd)
    assert kept.keys() == ({"w"} if first else set())
    another = One(one.w.item())
    sgd = optimiser(another, asked)
    restore_momenta(another, sgd, kept)
    steps(another, sgd, then, slope, curvature)
    assert another.w.item() == pytest.approx(w, rel=1e-9, abs=1e-12)
