"""The network around an NB101 cell (Ying et al. 2019, section 2.1, and their model builder)."""

from service.benches.bench import Skeleton
from service.benches.nb101_cell import Cell
from service.graph import (
    Builder,
    Concat,
    Crop,
    GlobalAveragePool,
    Graph,
    Linear,
    MaxPool,
)

SKELETONS: dict[str, Skeleton] = {
    "full": {"stem": 128, "stacks": 3, "modules": 3, "resolution": 32},
    "fast": {"stem": 16, "stacks": 3, "modules": 3, "resolution": 16},
}

KERNELS = (3, 1)
"""Of the convolutions, by label; the third operation is the pool."""


def network(cell: Cell, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, stacks of modules with a pool between them and the width doubled, and the head.

    `cell` is pruned and its edges go from smaller to larger numbers. The stem and every module is a
    block; a pool belongs to the module after it.
    """
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    stem = builder.convolution_bn_relu(builder.input, "stem", skeleton["stem"], 3)
    value = builder.end_block(stem)
    for stack in range(skeleton["stacks"]):
        if stack:
            value = builder.append(MaxPool(value, 2, 2))
        for module in range(skeleton["modules"]):
            slot = f"stack{stack}.module{module}"
            channels = skeleton["stem"] << stack
            value = builder.end_block(_module(builder, value, slot, channels, cell))
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", classes))
    return builder.graph()


def vertex_widths(cell: Cell, channels: int) -> tuple[int, ...]:
    """The channels of the vertices between input and output.

    Those that feed the output share its channels, the remainder going to the first ones; another
    has the largest width among those that it feeds.
    """
    output = cell.vertices - 1
    feeding = sorted(x for x, y in cell.edges if y == output and x > 0)
    widths = [0] * cell.vertices
    for rank, vertex in enumerate(feeding):
        widths[vertex] = channels // len(feeding) + (rank < channels % len(feeding))
    for vertex in range(output - 1, 0, -1):
        if vertex not in feeding:
            widths[vertex] = max(widths[y] for x, y in cell.edges if x == vertex)
    return tuple(widths[1:-1])


def _module(builder: Builder, source: int, slot: str, channels: int, cell: Cell) -> int:
    output = cell.vertices - 1
    widths = (0, *vertex_widths(cell, channels))
    values = [source]
    crops: dict[tuple[int, int], int] = {}

    def cropped(vertex: int, width: int) -> int:
        if widths[vertex] == width:
            return values[vertex]
        if (vertex, width) not in crops:
            crops[vertex, width] = builder.append(Crop(values[vertex], width))
        return crops[vertex, width]

    def projected(vertex: int, width: int) -> int:
        place = f"{slot}.vertex{vertex}.projection"
        return builder.convolution_bn_relu(source, place, width, 1)

    for vertex in range(1, output):
        width = widths[vertex]
        added = [cropped(x, width) for x, y in cell.edges if y == vertex and x > 0]
        if (0, vertex) in cell.edges:
            added.append(projected(vertex, width))
        total = builder.total(added)
        label = cell.labels[vertex - 1]
        if label < len(KERNELS):
            place = f"{slot}.vertex{vertex}"
            value = builder.convolution_bn_relu(total, place, width, KERNELS[label])
        else:
            value = builder.append(MaxPool(total, 3, 1, 1))
        values.append(value)
    parts = [values[x] for x, y in cell.edges if y == output and x > 0]
    results = []
    if parts:
        results.append(parts[0] if len(parts) == 1 else builder.append(Concat(tuple(parts))))
    if (0, output) in cell.edges:
        results.append(projected(output, channels))
    return builder.total(results)
