"""NB101 cells as labelled graphs: pruning, the official hash, relabellings, the representative."""

from collections.abc import Iterable, Iterator
from hashlib import md5
from typing import NamedTuple

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
MAX_VERTICES = 7
MAX_EDGES = 9

_INPUT, _OUTPUT = -1, -2


class Cell(NamedTuple):
    """A graph from vertex 0, the input, to the last vertex, the output.

    `labels` are the operations of the vertices between, by their number in OPERATIONS.
    """

    edges: tuple[tuple[int, int], ...]
    labels: tuple[int, ...]

    @property
    def vertices(self) -> int:
        return len(self.labels) + 2


def pruned(cell: Cell) -> Cell | None:
    """The cell without the vertices that lie on no path from input to output; None if all do."""
    fed = _closure(1, cell.edges)
    read = _closure(1 << cell.vertices - 1, [(y, x) for x, y in cell.edges])
    kept = [vertex for vertex in range(cell.vertices) if fed & read & 1 << vertex]
    if not kept:
        return None
    place = {vertex: number for number, vertex in enumerate(kept)}
    return Cell(
        tuple(sorted((place[x], place[y]) for x, y in cell.edges if x in place and y in place)),
        tuple(cell.labels[vertex - 1] for vertex in kept[1:-1]),
    )


def reachable(cell: Cell) -> tuple[int, ...]:
    """For each vertex the set of those that its paths lead to and itself, as bits."""
    return tuple(_closure(1 << vertex, cell.edges) for vertex in range(cell.vertices))


def graph_hash(cell: Cell) -> str:
    """The official hash: md5 refinement over degrees and labels (Ying et al. 2019, section 2.2)."""
    vertices = range(cell.vertices)
    sources: list[list[int]] = [[] for _ in vertices]
    readers: list[list[int]] = [[] for _ in vertices]
    for x, y in cell.edges:
        readers[x].append(y)
        sources[y].append(x)
    labels = (_INPUT, *cell.labels, _OUTPUT)
    hashes = [_md5(str((len(readers[v]), len(sources[v]), labels[v]))) for v in vertices]
    for _ in vertices:
        hashes = [
            _md5(
                "".join(sorted(hashes[w] for w in sources[v]))
                + "|"
                + "".join(sorted(hashes[w] for w in readers[v]))
                + "|"
                + hashes[v]
            )
            for v in vertices
        ]
    return _md5(str(sorted(hashes)))


def representative(cell: Cell) -> Cell:
    """The first graph of the official enumeration that is isomorphic to a pruned cell.

    Channels are split among the vertices in their order, so the order is part of the network.
    """
    _, _, order = min(_keyed_orders(cell))
    return _relabelled(cell, order)


def relabellings(cell: Cell) -> list[Cell]:
    """Every strictly upper triangular numbering of a pruned cell, as officially enumerated."""
    unlike: dict[tuple[int, tuple[int, ...]], Cell] = {}
    for bits, labels, order in _keyed_orders(cell):
        if (bits, labels) not in unlike:
            unlike[bits, labels] = _relabelled(cell, order)
    return [unlike[key] for key in sorted(unlike)]


def _keyed_orders(cell: Cell) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Each topological order behind its place in the enumeration: edge bits, then labels.

    Edge (x, y) stands at bit x + y (y - 1) / 2.
    """
    place = [0] * cell.vertices
    for order in _topological_orders(cell):
        for number, vertex in enumerate(order):
            place[vertex] = number
        bits = 0
        for x, y in cell.edges:
            after = place[y]
            bits |= 1 << place[x] + after * (after - 1) // 2
        yield bits, tuple([cell.labels[vertex - 1] for vertex in order[1:-1]]), order


def _topological_orders(cell: Cell) -> Iterator[tuple[int, ...]]:
    sources = [0] * cell.vertices
    for x, y in cell.edges:
        sources[y] |= 1 << x
    output = cell.vertices - 1

    def extended(order: tuple[int, ...], placed: int) -> Iterator[tuple[int, ...]]:
        if len(order) == output:
            yield (*order, output)
            return
        for vertex in range(1, output):
            if not placed & 1 << vertex and not sources[vertex] & ~placed:
                yield from extended((*order, vertex), placed | 1 << vertex)

    return extended((0,), 1)


def _relabelled(cell: Cell, order: tuple[int, ...]) -> Cell:
    place = {vertex: number for number, vertex in enumerate(order)}
    return Cell(
        tuple(sorted((place[x], place[y]) for x, y in cell.edges)),
        tuple(cell.labels[vertex - 1] for vertex in order[1:-1]),
    )


def _closure(start: int, edges: Iterable[tuple[int, int]]) -> int:
    """The bits reached from the bits `start`."""
    reached, before = start, 0
    while reached != before:
        before = reached
        for x, y in edges:
            if reached & 1 << x:
                reached |= 1 << y
    return reached


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
