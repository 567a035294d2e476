"""What a training step takes of memory, by arithmetic."""

from math import prod

from service.graph import Graph
from service.training.run import TESTED_AT_ONCE

FLOAT_BYTES = 4

STATES = 3
"""Of each parameter: itself, its gradient, its momentum."""

KEPT = 8
"""Copies of each parameter while a checkpoint is written: state, file, bytes, parameters of SQL."""

BACKWARD_SHARE = 0.5
"""Of the activations, what gradients take besides on the way back, where each is dropped behind its
use, and the allocator's slack."""

IMAGE_BYTES = 2**17
"""Of one image while it is cropped, resized and normalised: some copies in float64 of 32×32."""


def training_bytes(graph: Graph, batch_size: int) -> int:
    """An upper bound of the bytes that one step on so many images takes, on any device, and a test
    besides it.

    Every operation's output is kept for the way back, once: batch norms and convolutions keep their
    inputs, which are outputs of others.
    """
    activations = sum(prod(shape) for shape in graph.shapes)
    stepped = (1 + BACKWARD_SHARE) * activations * batch_size
    tested = _alive(graph) * TESTED_AT_ONCE
    floats = max(stepped, tested) + (STATES + KEPT) * graph.parameters
    return int(FLOAT_BYTES * floats + IMAGE_BYTES * max(batch_size, TESTED_AT_ONCE))


def _alive(graph: Graph) -> int:
    """Numbers of one image's values that are there at once, at most, where each is dropped behind
    its last reader."""
    last = list(range(len(graph.operations)))
    for index, operation in enumerate(graph.operations):
        for source in operation.sources:
            last[source] = index
    alive = most = 0
    for index, shape in enumerate(graph.shapes):
        alive += prod(shape)
        most = max(most, alive)
        alive -= sum(prod(graph.shapes[each]) for each in range(index + 1) if last[each] == index)
    return most
