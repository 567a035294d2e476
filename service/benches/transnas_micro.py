"""TransNAS-Bench-101, the cell space: four nodes and six edges, four operations an edge.

Every function reads any spelling; the representative is the one that the others are scored as.
"""

from collections.abc import Mapping, Sequence
from itertools import product

from service.benches.arch_or_ops import FIELDS, arch_text, form, names
from service.benches.bench import (
    Bench,
    InvalidSpellingError,
    Size,
    Skeleton,
    Slot,
    Spec,
    decisions_of,
)
from service.benches.edge_paths import vertices as vertices_of
from service.benches.edge_values import (
    CONVOLUTION_3X3,
    EDGES,
    NONE,
    REDUCTION,
    SKIP,
    Cell,
    Value,
    ValueGraph,
    canonical_text,
    live,
    value_graph,
)
from service.benches.edge_values import OPERATIONS as NB201
from service.benches.listed import Listing, other_operations
from service.benches.quoting import quoted
from service.benches.structure import Vertex, structural
from service.benches.transnas_evidence import MICRO, MICRO_ENSEMBLES
from service.benches.transnas_skeleton import (
    BASE,
    SKELETONS,
    SOURCE,
    halved,
    head,
    head_size,
    stem,
    stem_size,
)
from service.graph import (
    AveragePool,
    BatchNorm,
    Builder,
    Concat,
    Convolution,
    Graph,
    ReLU,
    Shift,
    Zero,
)

NAME = "transnas_micro"

OPERATIONS = NB201[:4]
"""None, skip, 1×1 and 3×3 convolution; a digit of the official string is a place here."""

MODULES = "41414"
"""Each is two cells; a 4 doubles the channels and halves the maps in its first one."""

_PREFIX = f"{BASE}-{MODULES}-"
_FORM = f"{_PREFIX}a_bc_def, a digit an edge: 0 none, 1 skip, 2 1x1, 3 3x3 convolution"
_ORDER = "six names for the edges " + ", ".join(f"{a}-{b}" for a, b in EDGES)
_SLOTS = tuple(Slot(f"{source}→{node}", OPERATIONS) for source, node in EDGES)


def parse(spelling: Mapping[str, object]) -> Cell:
    """The cell that a spelling means.

    Raises InvalidSpellingError.
    """
    if form(spelling) == "ops":
        return tuple(names(spelling["ops"], (len(EDGES),), OPERATIONS, _ORDER))
    text = arch_text(spelling["arch"], _FORM)
    nodes = text.removeprefix(_PREFIX).split("_")
    if not text.startswith(_PREFIX) or [len(node) for node in nodes] != [1, 2, 3]:
        raise InvalidSpellingError("arch", f"{quoted(text)} is not of that form", _FORM)
    for digit in "".join(nodes):
        if digit not in "0123":
            raise InvalidSpellingError("arch", f"{quoted(digit)} is no operation", _FORM)
    return tuple(map(int, "".join(nodes)))


def spelled(cell: Cell) -> Spec:
    a, b, c, d, e, f = cell
    return {"arch": f"{_PREFIX}{a}_{b}{c}_{d}{e}{f}"}


def values(cell: Cell) -> ValueGraph:
    """The value graph, in which a skip that the cell's input goes through is an instance.

    In the cells that change channels and maps it has weights; in the others it is the identity.
    """
    return value_graph(_with_reductions(cell))


def _with_reductions(cell: Cell) -> Cell:
    return tuple(
        REDUCTION if operation == SKIP and source == 0 else operation
        for operation, (source, _) in zip(cell, EDGES, strict=True)
    )


def network(cell: ValueGraph, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, five modules of two cells, and the head. The stem and every cell is a block."""
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    channels = skeleton["channels"]
    value = stem(builder, channels)
    for number, module in enumerate(MODULES):
        for place in range(2):
            reduces = module == "4" and place == 0
            channels *= 2 if reduces else 1
            slot = f"module{number}.cell{place}"
            value = builder.end_block(_cell(builder, value, slot, channels, cell, reduces))
    head(builder, value, classes)
    return builder.graph()


def _cell(
    builder: Builder, source: int, slot: str, channels: int, cell: ValueGraph, reduces: bool
) -> int:
    if not cell.output:
        return _nothing(builder, source, reduces)
    found = [source]
    # A node that several operations read is one sum.
    totals: dict[Value, int] = {}

    def total(terms: Value) -> int:
        if terms not in totals:
            totals[terms] = builder.total([found[term] for term in terms])
        return totals[terms]

    for operation, terms, edge in cell.terms[1:]:
        value, (start, end) = total(terms), EDGES[edge]
        place, stride = f"{slot}.edge{start}-{end}", 2 if reduces and start == 0 else 1
        if operation == REDUCTION:
            found.append(_reduced(builder, value, place, channels) if reduces else value)
        else:
            kernel = 3 if operation == CONVOLUTION_3X3 else 1
            found.append(builder.relu_convolution_bn(value, place, channels, kernel, stride))
    return total(cell.output)


def _reduced(builder: Builder, source: int, slot: str, channels: int) -> int:
    """Two 1×1 convolutions with stride 2, one of them of the cells that the other leaves out."""
    value = builder.append(ReLU(source))
    half = channels // 2
    even = builder.append(Convolution(value, f"{slot}.even.conv", half, 1, 2))
    shifted = builder.append(Shift(value))
    odd = builder.append(Convolution(shifted, f"{slot}.odd.conv", channels - half, 1, 2))
    return builder.append(BatchNorm(builder.append(Concat((even, odd))), f"{slot}.bn"))


def _nothing(builder: Builder, source: int, reduces: bool) -> int:
    """Zeros of the shape that the cell makes."""
    value = builder.append(Zero(source))
    if not reduces:
        return value
    smaller = builder.append(AveragePool(value, 1, 2))
    return builder.append(Concat((smaller, smaller)))


def graph(spec: Spec, skeleton: Skeleton, classes: int) -> Graph:
    """The network of a spelling: its live operations alone."""
    return network(values(parse(spec)), skeleton, classes)


def size(spec: Spec, skeleton: Skeleton, classes: int) -> Size:
    """What the network of a spelling has, layer for layer."""
    (parameters, flops), side = stem_size(skeleton)
    channels = skeleton["channels"]
    of_input = inner = skips = layers = 0
    for operation, _, edge in values(parse(spec)).terms[1:]:
        taps = 9 if operation == CONVOLUTION_3X3 else 1
        if operation == REDUCTION:
            skips += 1
            continue
        layers += 1
        if EDGES[edge][0] == 0:
            of_input += taps
        else:
            inner += taps
    for module in MODULES:
        normal = 2
        if module == "4":
            made, side, normal = channels * 2, halved(side), 1
            weights = (of_input + skips) * channels * made + inner * made**2
            parameters += weights + (layers + skips) * 2 * made
            flops += weights * side**2
            channels = made
        weights = normal * (of_input + inner) * channels**2
        parameters += weights + normal * layers * 2 * channels
        flops += weights * side**2
    last = head_size(channels, classes)
    return Size(parameters + last.parameters, flops + last.flops)


def structure(spec: Spec, skeleton: Skeleton, classes: int) -> Mapping[str, float]:
    """See `Bench.structure`; what is counted is counted in the representative. A skip is no
    operation, also where it has weights."""
    cell = LISTING.representative(spec)
    read = vertices_of(_with_reductions(cell))
    found = structural(read, network(values(cell), skeleton, classes))
    skips = sum(read[source].kind in ("input", "skip") for source in read[-1].sources)
    return {**found, "structural_identity_paths": float(skips)}


def vertices(spec: Spec) -> Sequence[Vertex]:
    """See `Bench.vertices`."""
    return vertices_of(_with_reductions(LISTING.representative(spec)))


def whole(spec: Spec) -> bool:
    """Whether no operation besides `none` lies on no path."""
    cell = parse(spec)
    return live(cell) == cell


LISTING = Listing(
    bench=NAME,
    operations=OPERATIONS,
    codes=tuple(product(range(len(OPERATIONS)), repeat=len(EDGES))),
    text=lambda cell: canonical_text(values(cell)),
    rank=lambda cell: sum(operation != NONE for operation in cell),
    children=lambda cell: other_operations(cell, len(OPERATIONS)),
    parse=parse,
    spelled=spelled,
)

BENCH = Bench(
    name=NAME,
    title="TransNAS-Bench-101, cells",
    source=SOURCE,
    example={"arch": "64-41414-3_32_132"},
    operations=OPERATIONS,
    classes=1376,
    spelling_fields=FIELDS,
    text_field="arch",
    slots=_SLOTS,
    skeletons=SKELETONS,
    width="channels",
    read=LISTING.read,
    in_slots=LISTING.in_slots,
    graph=graph,
    size=size,
    structure=structure,
    vertices=vertices,
    spellings=LISTING.spellings,
    neighbours=LISTING.neighbours,
    everything=LISTING.everything,
    whole=whole,
    sample=LISTING.sample,
    uniform=LISTING.uniform,
    decisions=decisions_of(_SLOTS),
    findings=MICRO,
    ensembles=MICRO_ENSEMBLES,
)
