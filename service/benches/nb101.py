"""NAS-Bench-101: cells of at most seven vertices and nine edges, an operation a vertex.

Every function reads any spelling; the representative is the one that the others are scored as.
"""

from collections.abc import Mapping, Sequence

from service.benches.bench import (
    Architecture,
    Bench,
    Decisions,
    Reading,
    Size,
    Skeleton,
    Spec,
)
from service.benches.draws import integers
from service.benches.nb101_cell import (
    MAX_EDGES,
    MAX_VERTICES,
    OPERATIONS,
    Cell,
    graph_hash,
    pruned,
    relabellings,
    representative,
)
from service.benches.nb101_edits import children
from service.benches.nb101_evidence import ENSEMBLES, FINDINGS
from service.benches.nb101_size import size as size_of
from service.benches.nb101_skeleton import SKELETONS, network
from service.benches.nb101_spelling import FIELDS, minimal, parse, spelled
from service.benches.nb101_uniform import uniform_cells
from service.benches.structure import Kind, Vertex, structural
from service.graph import Graph

NAME = "nb101"
CLASSES = 423_624

_KINDS: tuple[Kind, ...] = ("convolution_3x3", "convolution_1x1", "pool")
"""Of the operations, by label."""

_PAIRS = tuple((x, y) for y in range(MAX_VERTICES) for x in range(y))
_BY_ROW = tuple(sorted(_PAIRS))
_BETWEEN = MAX_VERTICES - 2


def read(spelling: Mapping[str, object]) -> Reading:
    """Reads `{"matrix": [[...]], "ops": [...]}`.

    Raises InvalidSpellingError.
    """
    cell = parse(spelling)
    return Reading(spelled(cell), _architecture(minimal(cell)))


def graph(spec: Spec, skeleton: Skeleton, classes: int) -> Graph:
    """The network of a spelling, its vertices in the order written."""
    return network(minimal(parse(spec)), skeleton, classes)


def size(spec: Spec, skeleton: Skeleton, classes: int) -> Size:
    """Of the network of a spelling, its vertices in the order written."""
    return size_of(minimal(parse(spec)), skeleton, classes)


def structure(spec: Spec, skeleton: Skeleton, classes: int) -> Mapping[str, float]:
    """See `Bench.structure`. No path is the identity: an edge input→output is a convolution."""
    cell = representative(minimal(parse(spec)))
    found = structural(_vertices(cell), network(cell, skeleton, classes))
    return {**found, "structural_identity_paths": 0.0}


def vertices(spec: Spec) -> Sequence[Vertex]:
    """See `Bench.vertices`."""
    return _vertices(representative(minimal(parse(spec))))


def spellings(spec: Spec) -> Sequence[Spec]:
    """Every upper triangular numbering of the pruned cell, in the official enumeration's order.

    The first is the representative.
    """
    return [spelled(cell) for cell in relabellings(minimal(parse(spec)))]


def neighbours(spec: Spec) -> Sequence[Architecture]:
    """The classes one edit away (see `nb101_edits`), sorted by hash."""
    own = minimal(parse(spec))
    found = {graph_hash(child): child for child in children(own)}
    found.pop(graph_hash(own), None)
    return [Architecture(NAME, key, spelled(representative(found[key]))) for key in sorted(found)]


def whole(spec: Spec) -> bool:
    """Whether pruning leaves a spelling as it is, vertices and edges."""
    cell = parse(spec)
    return pruned(cell) == cell


def sample(n: int, seed: int) -> Sequence[Reading]:
    """n random cells: seven vertices, each pair joined or not and each operation at random.

    A cell that the bench refuses is drawn again. These are the random cells of Ying et al. 2019:
    uniform over valid spellings and not over networks.
    """
    draw = integers(seed)
    readings: list[Reading] = []
    while len(readings) < n:
        bits = draw(1 << len(_PAIRS))
        edges = tuple(sorted(pair for place, pair in enumerate(_PAIRS) if bits & 1 << place))
        cell = Cell(edges, tuple(draw(len(OPERATIONS)) for _ in range(_BETWEEN)))
        kept = pruned(cell)
        if kept and len(kept.edges) <= MAX_EDGES:
            readings.append(Reading(spelled(cell), _architecture(kept)))
    return readings


def uniform(n: int, seed: int) -> Sequence[Architecture]:
    """n different networks of the 423,624, drawn uniformly."""
    if n > CLASSES:
        raise ValueError(f"there are {CLASSES} architectures, not {n}")
    found: dict[str, Architecture] = {}
    cells = uniform_cells(seed)
    while len(found) < n:
        architecture = _architecture(next(cells))
        found.setdefault(architecture.hash, architecture)
    return list(found.values())


def _decided(made: Sequence[int]) -> Spec:
    matrix = [[0] * MAX_VERTICES for _ in range(MAX_VERTICES)]
    for (x, y), joined in zip(_BY_ROW, made, strict=False):
        matrix[x][y] = joined
    named = [OPERATIONS[each] for each in made[len(_BY_ROW) :]]
    return {"matrix": matrix, "ops": ["input", *named, "output"]}


_DECISIONS = Decisions((2,) * len(_BY_ROW) + (len(OPERATIONS),) * _BETWEEN, _decided)
"""Whether each pair of seven vertices is joined, then the operation of each of the five between
input and output (Ying et al. 2019)."""


def _vertices(cell: Cell) -> list[Vertex]:
    sources: list[list[int]] = [[] for _ in range(cell.vertices)]
    for x, y in cell.edges:
        sources[y].append(x)
    kinds: list[Kind] = ["input", *(_KINDS[label] for label in cell.labels), "output"]
    return [Vertex(kind, tuple(read)) for kind, read in zip(kinds, sources, strict=True)]


def _architecture(cell: Cell) -> Architecture:
    return Architecture(NAME, graph_hash(cell), spelled(representative(cell)))


BENCH = Bench(
    name=NAME,
    title="NAS-Bench-101",
    source="Ying et al., NAS-Bench-101: Towards Reproducible Neural Architecture Search, ICML 2019",
    example={
        "matrix": [
            [0, 1, 1, 0, 0],
            [0, 0, 0, 1, 0],
            [0, 0, 0, 0, 1],
            [0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0],
        ],
        "ops": ["input", "conv3x3-bn-relu", "maxpool3x3", "conv1x1-bn-relu", "output"],
    },
    operations=OPERATIONS,
    classes=CLASSES,
    spelling_fields=FIELDS,
    text_field=None,
    slots=(),
    in_slots=lambda _: (),
    skeletons=SKELETONS,
    width="stem",
    read=read,
    graph=graph,
    size=size,
    structure=structure,
    vertices=vertices,
    spellings=spellings,
    neighbours=neighbours,
    everything=None,
    whole=whole,
    sample=sample,
    uniform=uniform,
    decisions=_DECISIONS,
    findings=FINDINGS,
    ensembles=ENSEMBLES,
    # It trains once, and holds 10,000 back.
    trained_on={("cifar10", "test"): 40_000, ("cifar10", "validation"): 40_000},
    relative_times={(128, 32): 1.0},
)
