"""The operations of a cell of four nodes as vertices: an edge one, a skip without weights none."""

from service.benches.edge_values import (
    CONVOLUTION_1X1,
    CONVOLUTION_3X3,
    EDGES,
    POOL,
    REDUCTION,
    SKIP,
    Cell,
    live,
)
from service.benches.structure import Kind, Vertex

_KINDS: dict[int, Kind] = {
    CONVOLUTION_1X1: "convolution_1x1",
    CONVOLUTION_3X3: "convolution_3x3",
    POOL: "pool",
    REDUCTION: "skip",
}


def vertices(cell: Cell) -> list[Vertex]:
    """Of the operations that are not dead, each edge by itself: also pools of one value."""
    found = [Vertex("input", ())]
    nodes: list[tuple[int, ...]] = [(0,), (), (), ()]
    for operation, (source, node) in zip(live(cell), EDGES, strict=True):
        if operation == SKIP:
            nodes[node] += nodes[source]
        elif operation in _KINDS:
            nodes[node] += (len(found),)
            found.append(Vertex(_KINDS[operation], nodes[source]))
    return [*found, Vertex("output", nodes[-1])]
