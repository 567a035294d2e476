"""Shapes, parameters, multiply-adds and memory of a graph against hand-computed closed forms."""

import pytest

from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Builder,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Input,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Zero,
)


def small() -> Graph:
    builder = Builder(3, 8, 6)
    value = builder.convolution_bn_relu(builder.input, "stem", 4, 3)
    pooled = builder.append(MaxPool(value, 2, 2))
    left = builder.relu_convolution_bn(pooled, "left", 5, 3, stride=2)
    right = builder.append(Crop(left, 2))
    joined = builder.append(Concat((left, right)))
    builder.append(Linear(builder.append(GlobalAveragePool(joined)), "head", 10))
    return builder.graph()


def test_shapes() -> None:
    assert small().shapes == (
        (3, 8, 6),
        (4, 8, 6),
        (4, 8, 6),
        (4, 8, 6),
        (4, 4, 3),
        (4, 4, 3),
        (5, 2, 2),
        (5, 2, 2),
        (2, 2, 2),
        (7, 2, 2),
        (7,),
        (10,),
    )


def test_parameters_and_flops() -> None:
    graph = small()
    parameters = (3 * 4 * 9 + 2 * 4) + (4 * 5 * 9 + 2 * 5) + (7 * 10 + 10)
    assert graph.parameters == parameters == 386
    assert graph.flops == 3 * 4 * 9 * 48 + 4 * 5 * 9 * 4 + 70 == 5974


@pytest.mark.parametrize(
    ("operation", "shape"),
    [
        (Convolution(0, "a", 7, 1), (7, 9, 9)),
        (Convolution(0, "a", 7, 3, 2, 1), (7, 5, 5)),
        (AveragePool(0, 3, 1, 1), (2, 9, 9)),
        (MaxPool(0, 2, 2), (2, 4, 4)),
        (BatchNorm(0, "a"), (2, 9, 9)),
        (ReLU(0), (2, 9, 9)),
        (Zero(0), (2, 9, 9)),
        (Add((0, 0)), (2, 9, 9)),
        (Concat((0, 0, 0)), (6, 9, 9)),
        (Crop(0, 1), (1, 9, 9)),
        (GlobalAveragePool(0), (2,)),
    ],
)
def test_the_shape_of_an_operation(operation: Operation, shape: tuple[int, ...]) -> None:
    assert Graph((Input(2, 9, 9), operation)).shapes[-1] == shape


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ((), "first operation"),
        ((ReLU(0),), "first operation"),
        ((Input(1, 4, 4), ReLU(1)), "not all before it"),
        ((Input(1, 4, 4), ReLU(-1)), "not all before it"),
        ((Input(1, 4, 4), Add((0,))), "two or more values"),
        ((Input(1, 4, 4), MaxPool(0, 2, 2), Add((0, 1))), "one shape"),
        ((Input(1, 4, 4), MaxPool(0, 2, 2), Concat((0, 1))), "different height"),
        ((Input(1, 4, 4), Crop(0, 2)), "cannot crop 1 channels to 2"),
        ((Input(1, 4, 4), Linear(0, "a", 2)), "reads a vector"),
        ((Input(1, 2, 2), Convolution(0, "a", 1, 3)), "does not fit 2 cells"),
    ],
)
def test_what_does_not_fit_is_refused(operations: tuple[Operation, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph(operations)


def test_whether_the_output_depends_on_the_input() -> None:
    zero = (Input(1, 4, 4), Zero(0))
    assert not Graph((*zero, ReLU(1))).output_depends_on_input
    assert Graph((*zero, Add((0, 1)))).output_depends_on_input
    assert small().output_depends_on_input
