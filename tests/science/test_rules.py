"""Every rule against forward-mode and reverse-mode autograd of a plain version of its operation."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from service.engine.rules import RULES, Layer, Motion
from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shift,
    Zero,
)

from .slow import average_pool, batch_norm

Parameters = dict[str, Tensor]
MAP = (4, 3, 7, 6)
VECTOR = (4, 3)


@dataclass(frozen=True)
class Case:
    operation: Operation
    plain: Callable[..., Tensor]
    """From the parameters and the sources' values."""
    shapes: tuple[tuple[int, ...], ...] = (MAP,)
    parameters: tuple[tuple[str, tuple[int, ...]], ...] = ()
    layer: bool = False
    """Whether the first parameter is a weight that scales."""


def _convolution(kernel: int, stride: int, padding: int) -> Case:
    return Case(
        Convolution(0, "s", 5, kernel, stride, padding),
        lambda p, x: F.conv2d(x, p["s/weight"], None, stride, padding),
        parameters=(("s/weight", (5, 3, kernel, kernel)),),
        layer=True,
    )


def _depthwise(kernel: int, stride: int, channels: int) -> Case:
    """Written out: a channel reads the one that is its own."""

    def plain(p: Parameters, x: Tensor) -> Tensor:
        times = channels // x.shape[1]
        weight = p["s/weight"]
        return torch.cat(
            [
                F.conv2d(x[:, c // times, None], weight[c, None], None, stride, kernel // 2)
                for c in range(channels)
            ],
            1,
        )

    return Case(
        Convolution(0, "s", channels, kernel, stride, kernel // 2, 3),
        plain,
        parameters=(("s/weight", (channels, 1, kernel, kernel)),),
        layer=True,
    )


def _average(kernel: int, stride: int, padding: int) -> Case:
    return Case(
        AveragePool(0, kernel, stride, padding),
        lambda p, x: average_pool(x, kernel, stride, padding),
    )


def _maximum(kernel: int, stride: int, padding: int) -> Case:
    return Case(
        MaxPool(0, kernel, stride, padding), lambda p, x: F.max_pool2d(x, kernel, stride, padding)
    )


CASES = {
    "convolution 1x1": _convolution(1, 1, 0),
    "convolution 3x3": _convolution(3, 1, 1),
    "convolution strided": _convolution(3, 2, 1),
    "convolution unpadded": _convolution(2, 1, 0),
    "depthwise convolution": _depthwise(3, 1, 3),
    "depthwise convolution strided": _depthwise(5, 2, 3),
    "grouped convolution": _depthwise(3, 1, 6),
    "linear": Case(
        Linear(0, "s", 5),
        lambda p, x: x @ p["s/weight"].T + p["s/bias"],
        (VECTOR,),
        (("s/weight", (5, 3)), ("s/bias", (5,))),
        layer=True,
    ),
    "batch norm": Case(
        BatchNorm(0, "s"),
        lambda p, x: batch_norm(x, p["s/weight"], p["s/bias"]),
        parameters=(("s/weight", (3,)), ("s/bias", (3,))),
    ),
    "relu": Case(ReLU(0), lambda p, x: x.clamp(min=0)),
    "relu of a vector": Case(ReLU(0), lambda p, x: x.clamp(min=0), (VECTOR,)),
    "max pool": _maximum(3, 1, 1),
    "max pool strided": _maximum(2, 2, 0),
    "average pool": _average(3, 1, 1),
    "average pool strided": _average(2, 2, 0),
    "average pool padded": _average(3, 2, 1),
    "average pool uncentred": _average(2, 1, 1),
    "global average pool": Case(GlobalAveragePool(0), lambda p, x: x.mean((2, 3))),
    "crop": Case(Crop(0, 2), lambda p, x: x[:, :2]),
    "shift": Case(Shift(0), lambda p, x: F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]),
    "zero": Case(Zero(0), lambda p, x: 0 * x),
    "add": Case(Add((0, 1)), lambda p, *x: sum(x[1:], x[0]), (MAP, MAP)),
    "add of three": Case(Add((0, 1, 2)), lambda p, *x: sum(x[1:], x[0]), (VECTOR,) * 3),
    "concat": Case(Concat((0, 1)), lambda p, *x: torch.cat(x, 1), (MAP, (4, 2, 7, 6))),
    "concat of one": Case(Concat((0,)), lambda p, *x: torch.cat(x, 1), (MAP,)),
}


def test_every_operation_has_a_case() -> None:
    assert {type(case.operation) for case in CASES.values()} == RULES.keys()


def _as_is(x: Tensor) -> Tensor:
    return x


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def _part_of_more(x: Tensor) -> Tensor:
    return torch.cat([x, x], 1)[:, : x.shape[1]]


LAYOUTS = (_as_is, _channels_last, _part_of_more)
TOLERANCES = {torch.float64: 1e-11, torch.float32: 2e-5}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_its_operation_and_its_derivatives(
    name: str, dtype: torch.dtype, layout: Callable[[Tensor], Tensor]
) -> None:
    case = CASES[name]
    torch.manual_seed(0)
    p = {key: torch.randn(shape, dtype=dtype) for key, shape in case.parameters}

    def motion(shape: tuple[int, ...], degree: int) -> Motion:
        u, rest = (layout(torch.randn(shape, dtype=dtype)) for _ in range(2))
        return Motion(u, rest, degree)

    # With a degree each, so that sums and concatenations must find a common one.
    ẋ = [motion(shape, 2 - place) for place, shape in enumerate(case.shapes)]
    with torch.no_grad():
        y = case.plain(p, *(each.u for each in ẋ))
    C = motion(tuple(y.shape), -3)

    rule = RULES[type(case.operation)](case.operation, p.__getitem__)
    value = rule.forward(*(each.u for each in ẋ))
    ẏ = rule.tangent(value, *ẋ)
    back = rule.reverse(C.u)
    moved = rule.reverse_tangent(C)

    # The same plainly, where everything has moved for a time t.
    t = torch.zeros((), dtype=dtype, requires_grad=True)
    moved_p = {key: tensor * (1 + t) for key, tensor in p.items()} if case.layer else dict(p)
    if "s/bias" in p:
        moved_p["s/bias"] = p["s/bias"]
    read = [each.u + t * _dot(each) for each in ẋ]
    weights = [moved_p["s/weight"]] if case.layer else []
    value_ = case.plain(moved_p, *read)
    gradients = torch.autograd.grad(
        value_, [*read, *weights], C.u + t * _dot(C), create_graph=True, materialize_grads=True
    )
    back_, g = gradients[: len(read)], gradients[-1]
    ẏ_, ġ, moved_ = _slope(value_, t), _slope(g, t), [_slope(each, t) for each in back_]

    def near(found: Tensor, expected: Tensor) -> None:
        torch.testing.assert_close(
            found, expected, rtol=TOLERANCES[dtype], atol=50 * TOLERANCES[dtype]
        )

    near(value, value_)
    assert ẏ.u is value
    near(_dot(ẏ), ẏ_)
    for found, also, expected, expected_dot in zip(back, moved, back_, moved_, strict=True):
        near(found, expected)
        near(also.u, expected)
        near(_dot(also), expected_dot)
    if isinstance(rule, Layer):
        near(rule.gradient(C.u), g)
        near(_dot(rule.gradient_tangent(C, g)), ġ)
        near(rule.value, value)


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_move_has_no_rest(name: str) -> None:
    """Of still sources and a still cotangent: only what scales, shifts or is normed moves."""
    case = CASES[name]
    torch.manual_seed(0)
    p = {key: torch.randn(shape) for key, shape in case.parameters}
    x = [torch.randn(shape) for shape in case.shapes]
    rule = RULES[type(case.operation)](case.operation, p.__getitem__)
    y = rule.forward(*x)
    ẏ = rule.tangent(y, *(Motion(each) for each in x))
    moved = rule.reverse_tangent(Motion(torch.randn_like(y)))
    if name not in ("linear", "batch norm"):
        assert ẏ.rest is None
        assert all(each.rest is None for each in moved)
    degree = 1 if case.layer else 0
    assert ẏ.degree == degree
    assert all(each.degree == degree for each in moved)


def _slope(u: Tensor, t: Tensor) -> Tensor:
    """du/dt, by differentiating v ↦ ⟨v, u⟩ in t and then in v."""
    v = torch.zeros_like(u, requires_grad=True)
    if not u.requires_grad:
        return v.detach()
    (of_v,) = torch.autograd.grad(
        (u * v).sum(), t, create_graph=True, retain_graph=True, materialize_grads=True
    )
    if not of_v.requires_grad:
        return v.detach()
    return torch.autograd.grad(of_v, v, retain_graph=True, materialize_grads=True)[0]


def _dot(motion: Motion) -> Tensor:
    scaled = motion.u * motion.degree
    return scaled if motion.rest is None else motion.rest + scaled
