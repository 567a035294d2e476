"""TransNAS-Bench-101, the cell space: four nodes and six edges, four operations an edge."""

from collections.abc import Mapping
from itertools import product

from service.benches import edge_network
from service.benches.arch_or_ops import read
from service.benches.bench import InvalidSpellingError, Size, Skeleton, Slot
from service.benches.edge_paths import vertices as vertices_of
from service.benches.edge_values import (
    CONVOLUTION_3X3,
    EDGES,
    NONE,
    REDUCTION,
    SKIP,
    Cell,
    Term,
    ValueGraph,
    canonical_text,
    live,
    value_graph,
)
from service.benches.edge_values import OPERATIONS as NB201
from service.benches.listed import Listing, other_choices
from service.benches.quoting import quoted
from service.benches.structure import Vertex
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

OPERATIONS = NB201[:4]
"""None, skip, 1×1 and 3×3 convolution; a digit of the official string is a place here."""

MODULES = "41414"
"""Each is two cells; a 4 doubles the channels and halves the maps in its first one."""

_PREFIX = f"{BASE}-{MODULES}-"
_FORM = f"{_PREFIX}a_bc_def, a digit an edge: 0 none, 1 skip, 2 1x1, 3 3x3 convolution"
SLOTS = tuple(Slot(f"{source}→{node}", OPERATIONS) for source, node in EDGES)


def parse(spelling: Mapping[str, object]) -> Cell:
    """The cell that a spelling means.

    Raises InvalidSpellingError.
    """
    return read(spelling, SLOTS, _FORM, _digits)


def _digits(arch: str) -> Cell:
    nodes = arch.removeprefix(_PREFIX).split("_")
    if not arch.startswith(_PREFIX) or [len(node) for node in nodes] != [1, 2, 3]:
        raise InvalidSpellingError("arch", f"{quoted(arch)} is not of that form", _FORM)
    for slot, digit in zip(SLOTS, "".join(nodes), strict=True):
        if digit not in "0123":
            raise InvalidSpellingError("arch", f"edge {slot.name} is {digit!a}", _FORM)
    return tuple(map(int, "".join(nodes)))


def spelled(cell: Cell) -> str:
    a, b, c, d, e, f = cell
    return f"{_PREFIX}{a}_{b}{c}_{d}{e}{f}"


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


def network(cell: Cell, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, five modules of two cells, and the head. The stem and every cell is a block.

    A cell has its live operations alone.
    """
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    channels, found = skeleton["channels"], values(cell)
    value = stem(builder, channels)
    for number, module in enumerate(MODULES):
        for place in range(2):
            reduces = module == "4" and place == 0
            channels *= 2 if reduces else 1
            slot = f"module{number}.cell{place}"
            value = builder.end_block(_cell(builder, value, slot, channels, found, reduces))
    head(builder, value, classes)
    return builder.graph()


def _cell(
    builder: Builder, source: int, slot: str, channels: int, cell: ValueGraph, reduces: bool
) -> int:
    def layer(term: Term, value: int) -> int:
        place = edge_network.slot(slot, term)
        if term.operation == REDUCTION:
            return _reduced(builder, value, place, channels) if reduces else value
        stride = 2 if reduces and EDGES[term.edge][0] == 0 else 1
        kernel = edge_network.kernel(term)
        return builder.relu_convolution_bn(value, place, channels, kernel, stride)

    if not cell.output:
        return _nothing(builder, source, reduces)
    return edge_network.build(builder, source, cell, layer)


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


def size(cell: Cell, skeleton: Skeleton, classes: int) -> Size:
    """What `network(cell, skeleton, classes)` has, layer for layer."""
    (parameters, flops), side = stem_size(skeleton)
    channels = skeleton["channels"]
    of_input = inner = skips = layers = 0
    for operation, _, edge in values(cell).terms[1:]:
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


def vertices(cell: Cell) -> list[Vertex]:
    """See `Bench.vertices`. A skip is no operation, also where it has weights."""
    return vertices_of(_with_reductions(cell))


LISTING = Listing(
    name="transnas_micro",
    slots=SLOTS,
    codes=tuple(product(range(len(OPERATIONS)), repeat=len(EDGES))),
    parse=parse,
    spelled=spelled,
    text=lambda cell: canonical_text(values(cell)),
    rank=lambda cell: sum(operation != NONE for operation in cell),
    children=lambda cell: other_choices(cell, SLOTS),
    network=network,
    size=size,
    vertices=vertices,
    whole=lambda cell: live(cell) == cell,
)

BENCH = LISTING.bench(
    title="TransNAS-Bench-101, cells",
    source=SOURCE,
    example="64-41414-3_32_132",
    classes=1376,
    skeletons=SKELETONS,
    width="channels",
    findings=MICRO,
    ensembles=MICRO_ENSEMBLES,
)
