"""NAS-Bench-201: cells of four nodes and six edges, five operations an edge.

Every function reads any spelling; the representative is the one that the others are scored as.
"""

from collections.abc import Mapping, Sequence

from service.benches.bench import (
    Architecture,
    Bench,
    Reading,
    Size,
    Skeleton,
    Slot,
    Spec,
    decisions_of,
)
from service.benches.draws import integers
from service.benches.edge_paths import vertices as vertices_of
from service.benches.edge_values import EDGES, OPERATIONS, live, value_graph
from service.benches.nb201_classes import CELLS, Class, children, classes, code
from service.benches.nb201_evidence import ENSEMBLES, FINDINGS
from service.benches.nb201_size import size as size_of
from service.benches.nb201_skeleton import SKELETONS, network
from service.benches.nb201_spelling import FIELDS, arch, parse
from service.benches.structure import Vertex, structural
from service.graph import Graph

NAME = "nb201"

_SLOTS = tuple(Slot(f"{source}→{node}", OPERATIONS) for source, node in EDGES)


def read(spelling: Mapping[str, object]) -> Reading:
    """Reads `{"arch": "|op~0|+..."}` or `{"ops": [six names]}`.

    Raises InvalidSpellingError.
    """
    return _reading(code(parse(spelling)))


def in_slots(spec: Spec) -> Sequence[str]:
    """The six operations of a spelling, in the order of the edges."""
    return [OPERATIONS[operation] for operation in parse(spec)]


def graph(spec: Spec, skeleton: Skeleton, classes: int) -> Graph:
    """The network of a spelling: its live operations alone, one pool for equal pools."""
    return network(value_graph(parse(spec)), skeleton, classes)


def size(spec: Spec, skeleton: Skeleton, classes: int) -> Size:
    """Of the network of a spelling."""
    return size_of(value_graph(parse(spec)), skeleton, classes)


def structure(spec: Spec, skeleton: Skeleton, classes: int) -> Mapping[str, float]:
    """See `Bench.structure`; what is counted is counted in the representative."""
    cell = parse(spellings(spec)[0])
    read = vertices_of(cell)
    found = structural(read, network(value_graph(cell), skeleton, classes))
    return {**found, "structural_identity_paths": float(read[-1].sources.count(0))}


def vertices(spec: Spec) -> Sequence[Vertex]:
    """See `Bench.vertices`."""
    return vertices_of(parse(spellings(spec)[0]))


def spellings(spec: Spec) -> Sequence[Spec]:
    """Every spelling of the class, the representative first, then in the official order."""
    return [_spec(number) for number in classes()[code(parse(spec))].codes]


def neighbours(spec: Spec) -> Sequence[Architecture]:
    """The classes one edge's operation away from any spelling of the class, sorted by hash.

    The edits of the representative alone would miss some and be one-way.
    """
    table = classes()
    own = table[code(parse(spec))]
    found = {table[child].hash: table[child] for number in own.codes for child in children(number)}
    return [_architecture(found[key]) for key in sorted(found) if key != own.hash]


def everything() -> Sequence[Reading]:
    """The 5,260 classes, sorted by hash."""
    by_hash = {entry.hash: entry.codes[0] for entry in classes()}
    return [_reading(by_hash[key]) for key in sorted(by_hash)]


def whole(spec: Spec) -> bool:
    """Whether no operation besides `none` lies on no path; true of 9,445 spellings.

    The cell of six `none` is one of them: it has no operation that could be dead.
    """
    cell = parse(spec)
    return live(cell) == cell


def sample(n: int, seed: int) -> Sequence[Reading]:
    """n of the 15,625 spellings, drawn uniformly with replacement."""
    draw = integers(seed)
    return [_reading(draw(len(CELLS))) for _ in range(n)]


def uniform(n: int, seed: int) -> Sequence[Architecture]:
    """n different ones of the 5,260 classes, drawn uniformly."""
    left = [reading.architecture for reading in everything()]
    if n > len(left):
        raise ValueError(f"there are {len(left)} architectures, not {n}")
    draw = integers(seed)
    return [left.pop(draw(len(left))) for _ in range(n)]


def _spec(number: int) -> Spec:
    return {"arch": arch(CELLS[number])}


def _architecture(entry: Class) -> Architecture:
    return Architecture(NAME, entry.hash, _spec(entry.codes[0]))


def _reading(number: int) -> Reading:
    return Reading(_spec(number), _architecture(classes()[number]))


BENCH = Bench(
    name=NAME,
    title="NAS-Bench-201",
    source="Dong and Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture "
    "Search, ICLR 2020",
    example={
        "arch": "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
        "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
    },
    operations=OPERATIONS,
    classes=5260,
    spelling_fields=FIELDS,
    text_field="arch",
    slots=_SLOTS,
    in_slots=in_slots,
    skeletons=SKELETONS,
    width="channels",
    read=read,
    graph=graph,
    size=size,
    structure=structure,
    vertices=vertices,
    spellings=spellings,
    neighbours=neighbours,
    everything=everything,
    whole=whole,
    sample=sample,
    uniform=uniform,
    decisions=decisions_of(_SLOTS),
    findings=FINDINGS,
    ensembles=ENSEMBLES,
    # Fixed before the scores existed that it is measured on, see docs/ensembles.md.
    default_ensemble="e5",
    # It trains twice: for the validation accuracy on half of the training images, the other half
    # being what that is measured on.
    trained_on={("cifar10", "test"): 50_000, ("cifar10", "validation"): 25_000},
    # Abdelfattah et al. 2021, section 4.1.
    relative_times={(16, 32): 1.0, (4, 8): 1 / 4, (8, 8): 1 / 4, (4, 16): 1 / 4, (8, 16): 1 / 3.3},
)
