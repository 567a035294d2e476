"""Shapes, parameters, multiply-adds and memory of a graph against hand-computed closed forms."""

from itertools import pairwise

import pytest

from service.benches import BENCHES
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
    blocks,
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


# Blocks


@pytest.mark.parametrize(("bench", "count"), [("nb101", 1 + 3 * 3), ("nb201", 1 + 3 * 5 + 2)])
def test_the_blocks_of_benches_are_the_network_up_to_its_head(bench: str, count: int) -> None:
    asked = BENCHES[bench]
    skeleton = asked.skeletons["fast"]
    for reading in asked.sample(20, 4):
        graph = asked.graph(reading.architecture.spec, skeleton, 10)
        found = list(blocks(graph))
        assert len(found) == count
        assert found[0].operations[0] == graph.operations[0]
        assert all(after.shapes[0] == before.shapes[-1] for before, after in pairwise(found))
        head = graph.operations[-1]
        assert isinstance(head, Linear)
        norms = sum(2 * shape[0] for shape in graph.shapes[-4:-3] if bench == "nb201")
        inside = sum(block.parameters for block in found)
        assert inside + norms + head.parameters(graph.shapes[-2]) == graph.parameters


def test_blocks_have_their_own_numbers_and_leave_out_what_nobody_reads() -> None:
    builder = Builder(3, 8, 8)
    stem = builder.end_block(builder.convolution_bn(0, "stem", 4, 3))
    builder.convolution_bn(stem, "unread", 4, 3)
    second = builder.end_block(builder.append(MaxPool(builder.append(ReLU(stem)), 2, 2)))
    builder.end_block(second)
    builder.end_block(builder.append(Add((second, second))))
    assert [block.operations for block in blocks(builder.graph())] == [
        (Input(3, 8, 8), Convolution(0, "stem.conv", 4, 3, 1, 1), BatchNorm(1, "stem.bn")),
        (Input(4, 8, 8), ReLU(0), MaxPool(1, 2, 2)),
        (Input(4, 4, 4),),
        (Input(4, 4, 4), Add((0, 0))),
    ]


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ((2, 1), "no block leads from 2 to 1"),
        ((9,), "no block leads from 0 to 9"),
        ((4,), "whole number"),
        ((3,), "whole number"),
    ],
)
def test_blocks_that_are_none_are_refused(ends: tuple[int, ...], message: str) -> None:
    convolution = Convolution(1, "a", 2, 2)
    operations = (Input(1, 4, 4), ReLU(0), ReLU(1), convolution, GlobalAveragePool(2))
    with pytest.raises(ValueError, match=message):
        Graph(operations, ends)


def test_a_block_that_reads_what_was_before_it_is_refused() -> None:
    graph = Graph((Input(1, 4, 4), ReLU(0), ReLU(1), Add((0, 2))), (1, 3))
    with pytest.raises(ValueError, match="from 1 to 3 reads 0, before it"):
        list(blocks(graph))
