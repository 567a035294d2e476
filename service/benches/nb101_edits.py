"""The cells one edit away from an NB101 cell."""

from collections.abc import Iterator

from service.benches.nb101_cell import (
    MAX_EDGES,
    MAX_VERTICES,
    OPERATIONS,
    Cell,
    pruned,
    reachable,
)


def children(cell: Cell) -> set[Cell]:
    """The pruned cells within the limits that one edit of a pruned cell gives.

    An edit flips one edge, changes one operation, or inserts a vertex (a -> new -> b): without the
    insertion a pruned cell could never grow. Any pair may be joined that closes no cycle, which
    makes the edits those of every numbering of the cell. Removing an edge may prune several
    vertices at once, and that alone has no single edit back.
    """
    found = set()
    for edited in _edited(cell):
        kept = pruned(edited)
        if kept and kept.vertices <= MAX_VERTICES and len(kept.edges) <= MAX_EDGES:
            found.add(kept)
    return found - {cell}


def _edited(cell: Cell) -> Iterator[Cell]:
    for place, label in enumerate(cell.labels):
        for other in range(len(OPERATIONS)):
            if other != label:
                labels = (*cell.labels[:place], other, *cell.labels[place + 1 :])
                yield Cell(cell.edges, labels)
    for x, y in _joinable(cell):
        edges = set(cell.edges) ^ {(x, y)}
        yield Cell(tuple(sorted(edges)), cell.labels)
        if cell.vertices < MAX_VERTICES:
            for label in range(len(OPERATIONS)):
                yield _inserted(cell, x, y, label)


def _joinable(cell: Cell) -> Iterator[tuple[int, int]]:
    """The pairs (x, y) between which an edge from x to y closes no cycle."""
    led_to = reachable(cell)
    for x in range(cell.vertices - 1):
        for y in range(1, cell.vertices):
            if not led_to[y] & 1 << x:
                yield x, y


def _inserted(cell: Cell, x: int, y: int, label: int) -> Cell:
    """The cell with a vertex between x and y, numbered last before the output."""
    new = output = cell.vertices - 1

    def place(vertex: int) -> int:
        return vertex + 1 if vertex == output else vertex

    edges = [(place(a), place(b)) for a, b in cell.edges]
    return Cell(tuple(sorted([*edges, (x, new), (new, place(y))])), (*cell.labels, label))
