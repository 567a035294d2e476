"""The network around an NB201 cell (Dong and Yang 2020, section 2)."""

from service.benches.bench import Skeleton
from service.benches.edge_values import (
    CONVOLUTION_3X3,
    EDGES,
    POOL,
    Value,
    ValueGraph,
)
from service.graph import (
    AveragePool,
    BatchNorm,
    Builder,
    Convolution,
    GlobalAveragePool,
    Graph,
    Linear,
    ReLU,
    Zero,
)

SKELETONS: dict[str, Skeleton] = {
    "full": {"channels": 16, "cells": 5, "resolution": 32},
    "fast": {"channels": 8, "cells": 5, "resolution": 16},
}

STAGES = 3


def network(cell: ValueGraph, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, three stages of cells with a residual reduction between them, and the head.

    The stem, every cell and every reduction is a block.
    """
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    stem = builder.convolution_bn(builder.input, "stem", skeleton["channels"], 3)
    value = builder.end_block(stem)
    for stage in range(STAGES):
        channels = skeleton["channels"] << stage
        if stage:
            reduced = _reduction(builder, value, f"reduction{stage - 1}", channels)
            value = builder.end_block(reduced)
        for number in range(skeleton["cells"]):
            slot = f"stage{stage}.cell{number}"
            value = builder.end_block(_cell(builder, value, slot, channels, cell))
    value = builder.append(ReLU(builder.append(BatchNorm(value, "last.bn"))))
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", classes))
    return builder.graph()


def _reduction(builder: Builder, source: int, slot: str, channels: int) -> int:
    value = builder.relu_convolution_bn(source, f"{slot}.first", channels, 3, stride=2)
    value = builder.relu_convolution_bn(value, f"{slot}.second", channels, 3)
    shortcut = builder.append(AveragePool(source, 2, 2))
    shortcut = builder.append(Convolution(shortcut, f"{slot}.shortcut.conv", channels, 1))
    return builder.total([shortcut, value])


def _cell(builder: Builder, source: int, slot: str, channels: int, cell: ValueGraph) -> int:
    if not cell.output:
        return builder.append(Zero(source))
    values = [source]
    # A node that several operations read is one sum.
    totals: dict[Value, int] = {}

    def total(terms: Value) -> int:
        if terms not in totals:
            totals[terms] = builder.total([values[term] for term in terms])
        return totals[terms]

    for operation, terms, edge in cell.terms[1:]:
        value = total(terms)
        if operation == POOL:
            values.append(builder.append(AveragePool(value, 3, 1, 1)))
        else:
            start, end = EDGES[edge]
            kernel = 3 if operation == CONVOLUTION_3X3 else 1
            place = f"{slot}.edge{start}-{end}"
            values.append(builder.relu_convolution_bn(value, place, channels, kernel))
    return total(cell.output)
