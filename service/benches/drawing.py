"""Where the operations of a cell stand when it is drawn: in layers, from left to right.

The way of Sugiyama et al. 1981: layers by the longest path, long edges bent once a layer, few
crossings, short edges. The same cell is always drawn the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from service.benches.structure import Kind, Vertex

LABELS: Mapping[Kind, str] = {
    "input": "in",
    "convolution_3x3": "3×3",
    "convolution_1x1": "1×1",
    "pool": "pool",
    "output": "out",
    "mbconv_3x3": "MB 3×3",
    "mbconv_5x5": "MB 5×5",
    "skip": "skip",
    "module": "same",
    "module_wider": "C×2",
    "module_smaller": "½",
    "module_wider_smaller": "C×2 ½",
}
"""At most six characters: a vertex has room for no more."""

VERTEX_WIDTH, VERTEX_HEIGHT = 44, 24
"""Of the box around a vertex's x and y, the unit being a pixel of a drawing of natural size."""

_LAYER = 72
"""From one layer to the next."""
_ROW = 36.0
"""The least from one vertex of a layer to the next."""
_LANE = 24.0
"""The least from a bend of an edge to its neighbour in the layer: it has no box."""

_SWEEPS = 4
"""Back and forth through the layers; cells of a few operations change no more after two."""

_Point = tuple[float, float]


class DrawnVertex(NamedTuple):
    """An operation and the middle of its box."""

    kind: Kind
    label: str
    x: float
    y: float


class DrawnEdge(NamedTuple):
    """From one vertex to another, by their number, through points on the way."""

    source: int
    target: int
    times: int
    """How often the target adds the source."""
    through: tuple[_Point, ...]


class Drawing(NamedTuple):
    """A cell in a box from (0, 0) to (width, height), y pointing down."""

    width: float
    height: float
    vertices: tuple[DrawnVertex, ...]
    edges: tuple[DrawnEdge, ...]


class _Layers(NamedTuple):
    """The vertices, and behind them the bends of long edges, each a place with a number."""

    rows: list[list[int]]
    """The places of each layer, from top to bottom."""
    before: list[list[int]]
    """Of each place those that lead to it from the layer before."""
    after: list[list[int]]
    bends: dict[tuple[int, int], list[int]]
    """Of each edge the places between its ends."""
    vertices: int


def drawing(vertices: Sequence[Vertex]) -> Drawing:
    """The drawing of a cell's vertices, which are in topological order."""
    times = Counter(
        (source, target)
        for target, (_, sources) in enumerate(vertices)
        for source in sorted(sources)
    )
    layers = _layers(len(vertices), list(times))
    _uncross(layers)
    ys = _ys(layers)
    top = min(ys)
    x_of = {place: layer for layer, row in enumerate(layers.rows) for place in row}

    def point(place: int) -> _Point:
        x = VERTEX_WIDTH / 2 + _LAYER * x_of[place]
        return x, round(VERTEX_HEIGHT / 2 + ys[place] - top, 1)

    return Drawing(
        VERTEX_WIDTH + _LAYER * (len(layers.rows) - 1),
        round(VERTEX_HEIGHT + max(ys) - top, 1),
        tuple(
            DrawnVertex(kind, LABELS[kind], *point(place))
            for place, (kind, _) in enumerate(vertices)
        ),
        tuple(
            DrawnEdge(source, target, count, tuple(map(point, layers.bends[source, target])))
            for (source, target), count in times.items()
        ),
    )


def _layers(vertices: int, edges: Sequence[tuple[int, int]]) -> _Layers:
    layer = [0] * vertices
    for source, target in edges:
        # The edges of a target come after all edges to its sources.
        layer[target] = max(layer[target], layer[source] + 1)
    # Without a path the output has no source, and stands behind the input all the same.
    layer[-1] = max(layer[-1], 1)
    rows: list[list[int]] = [[] for _ in range(layer[-1] + 1)]
    for vertex in range(vertices):
        rows[layer[vertex]].append(vertex)
    before: list[list[int]] = [[] for _ in range(vertices)]
    after: list[list[int]] = [[] for _ in range(vertices)]
    bends: dict[tuple[int, int], list[int]] = {}
    for source, target in edges:
        on_the_way = range(layer[source] + 1, layer[target])
        bends[source, target] = list(range(len(before), len(before) + len(on_the_way)))
        for place, row in zip(bends[source, target], on_the_way, strict=True):
            rows[row].append(place)
            before.append([])
            after.append([])
        for here, there in pairwise([source, *bends[source, target], target]):
            after[here].append(there)
            before[there].append(here)
    return _Layers(rows, before, after, bends, vertices)


def _uncross(layers: _Layers) -> None:
    """Puts the rows in an order with few crossings."""
    rows, before, after = layers.rows, layers.before, layers.after
    fewest, best = _crossings(layers), [list(row) for row in rows]
    for _ in range(_SWEEPS):
        for near, order in ((before, range(1, len(rows))), (after, range(len(rows) - 2, -1, -1))):
            for number in order:
                place = {p: spot for row in rows for spot, p in enumerate(row)}
                # Sorting is stable: without neighbours, or where they tie, the order stays.
                rows[number].sort(
                    key=lambda p: fmean(place[q] for q in near[p]) if near[p] else place[p]
                )
            _exchange(layers)
            if (found := _crossings(layers)) < fewest:
                fewest, best = found, [list(row) for row in rows]
    rows[:] = best


def _exchange(layers: _Layers) -> None:
    """Swaps neighbours in a row while that takes crossings away."""
    fewest, better = _crossings(layers), True
    while better:
        better = False
        for row in layers.rows:
            for spot in range(len(row) - 1):
                row[spot], row[spot + 1] = row[spot + 1], row[spot]
                if (found := _crossings(layers)) < fewest:
                    fewest, better = found, True
                else:
                    row[spot], row[spot + 1] = row[spot + 1], row[spot]


def _crossings(layers: _Layers) -> int:
    place = {p: spot for row in layers.rows for spot, p in enumerate(row)}
    count = 0
    for row in layers.rows:
        lines = [(place[p], place[q]) for p in row for q in layers.after[p]]
        count += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(lines) for c, d in lines[:i])
    return count


def _ys(layers: _Layers) -> list[float]:
    """Of each place, so that edges are short and straight."""
    ys = [0.0] * len(layers.before)
    for row in layers.rows:
        _spread(row, [0.0] * len(row), layers.vertices, ys)
    for _ in range(_SWEEPS):
        for row in (*layers.rows, *reversed(layers.rows)):
            wanted = []
            for place in row:
                near = layers.before[place] + layers.after[place]
                wanted.append(fmean(ys[q] for q in near) if near else 0.0)
            _spread(row, wanted, layers.vertices, ys)
    return ys


def _spread(row: Sequence[int], wanted: Sequence[float], vertices: int, ys: list[float]) -> None:
    """Sets the ys of a row as near to the wanted ones as its gaps allow, by least squares.

    Less the gaps above, ys only have to rise: the pool-adjacent-violators way.
    """
    offsets = [0.0]
    for upper, lower in pairwise(row):
        gap = _ROW if max(upper, lower) < vertices else (_ROW + _LANE) / 2
        offsets.append(offsets[-1] + gap)
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset])
        while len(pools) > 1 and fmean(pools[-2]) >= fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    levels = [fmean(pool) for pool in pools for _ in pool]
    for place, level, offset in zip(row, levels, offsets, strict=True):
        ys[place] = level + offset
