"""NB101's networks drawn uniformly, which spellings drawn uniformly are not."""

from collections.abc import Iterator

from service.benches.draws import integers
from service.benches.nb101_cell import (
    MAX_EDGES,
    MAX_VERTICES,
    OPERATIONS,
    Cell,
    pruned,
    relabellings,
)


def uniform_cells(seed: int) -> Iterator[Cell]:
    """Pruned cells without end, every class being as likely as any other each time.

    A numbered cell of two to seven vertices is drawn, and thrown away where a vertex lies on no
    path or an edge is too many. A class comes up once for each of its numberings, so that of k of
    them one in k is kept.
    """
    draw = integers(seed)
    counts = [
        2 ** len(_pairs(vertices)) * len(OPERATIONS) ** (vertices - 2)
        for vertices in range(2, MAX_VERTICES + 1)
    ]
    while True:
        number = draw(sum(counts))
        vertices = 2
        for count in counts:
            if number < count:
                break
            number -= count
            vertices += 1
        cell = _numbered(number, vertices)
        if len(cell.edges) > MAX_EDGES or pruned(cell) != cell:
            continue
        if draw(len(relabellings(cell))) == 0:
            yield cell


def _pairs(vertices: int) -> list[tuple[int, int]]:
    return [(x, y) for y in range(vertices) for x in range(y)]


def _numbered(number: int, vertices: int) -> Cell:
    pairs = _pairs(vertices)
    number, bits = divmod(number, 2 ** len(pairs))
    labels = []
    for _ in range(vertices - 2):
        number, label = divmod(number, len(OPERATIONS))
        labels.append(label)
    edges = tuple(sorted(pair for place, pair in enumerate(pairs) if bits >> place & 1))
    return Cell(edges, tuple(labels))
