"""The network around an NB201 cell (Dong and Yang 2020, section 2)."""

from service.benches import edge_network
from service.benches.bench import Skeleton
from service.benches.edge_values import POOL, Cell, Term, ValueGraph, value_graph
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


def network(cell: Cell, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, three stages of cells with a residual reduction between them, and the head.

    The stem, every cell and every reduction is a block. A cell has its live operations alone, and
    one pool for equal pools.
    """
    values = value_graph(cell)
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
            value = builder.end_block(_cell(builder, value, slot, channels, values))
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
    def layer(term: Term, value: int) -> int:
        if term.operation == POOL:
            return builder.append(AveragePool(value, 3, 1, 1))
        place, kernel = edge_network.slot(slot, term), edge_network.kernel(term)
        return builder.relu_convolution_bn(value, place, channels, kernel)

    if not cell.output:
        return builder.append(Zero(source))
    return edge_network.build(builder, source, cell, layer)
