"""Small graphs, each with something of its own."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.graph import (
    Add,
    AveragePool,
    Builder,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Linear,
    MaxPool,
    ReLU,
    Shift,
    Zero,
)

CLASSES = 5
Body = Callable[[Builder, int], int]
"""Reads a value of 6 channels and 8×8 and returns another."""


def graph(body: Body) -> Graph:
    builder = Builder(3, 8, 8)
    stem = builder.end_block(builder.convolution_bn_relu(builder.input, "stem", 6, 3))
    value = builder.end_block(body(builder, stem))
    # Without this ReLU a last batch norm would centre what the head averages: the summed logits
    # would not depend on the images, and their Jacobian would be noise.
    value = builder.append(GlobalAveragePool(builder.append(ReLU(value))))
    builder.append(Linear(value, "head", CLASSES))
    return builder.graph()


def linear() -> Graph:
    """Without a ReLU, its Jacobian constant over space, its input one channel."""
    builder = Builder(1, 8, 8)
    builder.append(Linear(builder.append(GlobalAveragePool(builder.input)), "head", CLASSES))
    return builder.graph()


def dead() -> Graph:
    return graph(lambda b, x: b.convolution_bn(b.append(Zero(x)), "after", 4, 3))


def _identity(_: Builder, x: int) -> int:
    return x


def _chain(b: Builder, x: int) -> int:
    return b.convolution_bn_relu(b.convolution_bn_relu(x, "a", 4, 3), "b", 7, 1)


def _residual(b: Builder, x: int) -> int:
    return b.total([x, b.relu_convolution_bn(x, "a", 6, 3)])


def _strided(b: Builder, x: int) -> int:
    main = b.relu_convolution_bn(x, "a", 8, 3, stride=2)
    pooled = b.append(AveragePool(x, 2, 2))
    return b.total([main, b.append(Convolution(pooled, "shortcut", 8, 1))])


def _concat_and_crop(b: Builder, x: int) -> int:
    left, right = b.convolution_bn_relu(x, "a", 4, 1), b.convolution_bn_relu(x, "b", 3, 3)
    joined = b.append(Concat((left, right, left)))
    return b.append(Add((b.append(Crop(joined, 6)), x)))


def _average_pool(b: Builder, x: int) -> int:
    return b.convolution_bn(b.append(AveragePool(x, 3, 1, 1)), "a", 5, 3)


def _max_pools(b: Builder, x: int) -> int:
    value = b.append(MaxPool(b.convolution_bn(x, "a", 5, 3), 3, 1, 1))
    return b.convolution_bn_relu(b.append(MaxPool(value, 2, 2)), "b", 6, 3)


def _shared(b: Builder, x: int) -> int:
    """One convolution's value read by two, and added twice."""
    value = b.relu_convolution_bn(x, "a", 6, 3)
    return b.total([value, value, b.relu_convolution_bn(value, "b", 6, 3)])


def _twins(b: Builder, x: int) -> int:
    """Two convolutions of one ReLU."""
    relu = b.append(ReLU(x))
    return b.total([b.convolution_bn(relu, "a", 5, 3), b.convolution_bn(relu, "b", 5, 1)])


def _depthwise(b: Builder, x: int) -> int:
    """The block of a MobileNet."""
    value = b.convolution_bn_relu(x, "a", 18, 1)
    value = b.append(ReLU(b.convolution_bn(value, "b", 18, 5, groups=18)))
    return b.total([b.convolution_bn(value, "c", 6, 1), x])


def _shifted(b: Builder, x: int) -> int:
    """The skip of a cell that makes maps smaller."""
    relu = b.append(ReLU(x))
    halves = (relu, b.append(Shift(relu)))
    slots = ("even", "odd")
    made = [b.append(Convolution(v, s, 4, 1, 2)) for v, s in zip(halves, slots, strict=True)]
    return b.append(Concat(tuple(made)))


def _zero_branch(b: Builder, x: int) -> int:
    """A convolution that gets no gradient, another that reads zeros."""
    lost = b.append(Zero(b.convolution_bn(x, "lost", 6, 3)))
    return b.total([x, lost, b.append(Convolution(lost, "blind", 6, 1))])


def _no_batch_norm(b: Builder, x: int) -> int:
    return b.append(ReLU(b.append(Convolution(x, "a", 6, 3, 1, 1))))


def _unread(b: Builder, x: int) -> int:
    b.convolution_bn_relu(x, "unread", 6, 3)
    return b.relu_convolution_bn(x, "a", 6, 1)


BODIES: tuple[Body, ...] = (
    _identity,
    _chain,
    _residual,
    _strided,
    _concat_and_crop,
    _average_pool,
    _max_pools,
    _shared,
    _twins,
    _depthwise,
    _shifted,
    _zero_branch,
    _no_batch_norm,
    _unread,
)
GRAPHS: dict[str, Graph] = {body.__name__.lstrip("_"): graph(body) for body in BODIES}


def minibatch(
    graph: Graph, images: int = 16, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    shape = (images, *graph.shapes[0])
    labels = generator.integers(0, CLASSES, images)
    return generator.standard_normal(shape).astype(np.float32), labels


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """One to four random operations, each on a random earlier value of 6 channels and 8×8."""

    def body(b: Builder, x: int) -> int:
        values = [x]
        for index in range(draw(st.integers(1, 4))):
            source = draw(st.sampled_from(values))
            kind = draw(st.sampled_from(("1x1", "3x3", "average", "max", "add", "concat", "zero")))
            if kind in ("1x1", "3x3"):
                values.append(b.relu_convolution_bn(source, f"o{index}", 6, int(kind[0])))
            elif kind == "average":
                values.append(b.append(AveragePool(source, 3, 1, 1)))
            elif kind == "max":
                values.append(b.append(MaxPool(source, 3, 1, 1)))
            elif kind == "zero":
                values.append(b.append(Zero(source)))
            else:
                other = draw(st.sampled_from(values))
                if kind == "add":
                    values.append(b.append(Add((source, other))))
                else:
                    values.append(b.append(Crop(b.append(Concat((other, source))), 6)))
        return values[-1]

    return graph(body)
