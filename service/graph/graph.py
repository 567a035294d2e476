"""A network as operations in topological order, with its size and cost by arithmetic."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil

from service.graph.operations import (
    Add,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Input,
    Linear,
    Operation,
    Shape,
    Zero,
)


@dataclass(frozen=True)
class Graph:
    """Operations in topological order; the first is the `Input`, the last one's value the output.

    Raises ValueError where an operation reads a later one or its sources' shapes do not fit, and
    where blocks do not follow one another or end in what is no map, smaller by a whole number.
    """

    operations: tuple[Operation, ...]
    blocks: tuple[int, ...] = ()
    """The values where the network's blocks end: the first begins at the input, each other where
    the one before it ends. Of one that is the identity the same as before it. None where the
    network is not made of blocks."""

    def __post_init__(self) -> None:
        if not self.operations or not isinstance(self.operations[0], Input):
            raise ValueError("the first operation of a graph is its Input")
        for index, operation in enumerate(self.operations):
            if any(not 0 <= source < index for source in operation.sources):
                raise ValueError(f"operation {index} reads {operation.sources}: not all before it")
        _ = self.shapes
        for start, end in pairwise((0, *self.blocks)):
            self._check_block(start, end)

    def _check_block(self, start: int, end: int) -> None:
        if not start <= end < len(self.operations):
            raise ValueError(f"no block leads from {start} to {end}")
        before, after = self.shapes[start][1:], self.shapes[end][1:]
        # What a stride makes of an odd length is rounded up.
        factors = {ceil(left / right) for left, right in zip(before, after, strict=False)}
        if len(factors) != 1 or tuple(ceil(length / max(factors)) for length in before) != after:
            raise ValueError(f"a block makes maps smaller by a whole number: not {before} {after}")

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of every operation's value, without the batch."""
        shapes: list[Shape] = []
        for operation in self.operations:
            shapes.append(operation.shape(*(shapes[source] for source in operation.sources)))
        return tuple(shapes)

    @cached_property
    def parameters(self) -> int:
        """Trainable parameters, those that the output does not depend on included."""
        return sum(
            operation.parameters(self.shapes[operation.source])
            for operation in self.operations
            if isinstance(operation, Convolution | BatchNorm | Linear)
        )

    @cached_property
    def flops(self) -> int:
        """Multiply-adds of one forward pass of one image: convolutions and linear layers alone.

        NATS-Bench publishes the same figure plus the bias count of the classifier.
        """
        return sum(
            operation.multiply_adds(self.shapes[operation.source])
            for operation in self.operations
            if isinstance(operation, Convolution | Linear)
        )

    @cached_property
    def output_depends_on_input(self) -> bool:
        """Whether a path without a `Zero` leads from the input to the output."""
        reached = [True]
        for operation in self.operations[1:]:
            reached.append(
                not isinstance(operation, Zero) and any(reached[i] for i in operation.sources)
            )
        return reached[-1]

    @cached_property
    def output_is_centred(self) -> bool:
        """Whether the outputs of a minibatch have one sum, whatever its images are.

        So it is where batch norms have centred all that is added and averaged in them: the sum
        over images and space of a channel that a batch norm has made is its shift alone.
        """
        centred: list[bool] = []
        for operation in self.operations:
            match operation:
                case BatchNorm() | Zero():
                    centred.append(True)
                case Add() | Concat() | Crop() | GlobalAveragePool() | Linear():
                    centred.append(all(centred[source] for source in operation.sources))
                case _:
                    centred.append(False)
        return centred[-1]
