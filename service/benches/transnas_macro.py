"""TransNAS-Bench-101, the macro space: four to six modules of residual blocks.

Every spelling is a network of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from service.benches.listed import Code, Listing, other_operations
from service.benches.quoting import quoted
from service.benches.structure import Kind, Vertex, structural
from service.benches.transnas_evidence import MACRO, MACRO_ENSEMBLES
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
from service.graph import Builder, Graph

NAME = "transnas_macro"

OPERATIONS = ("normal", "wider", "smaller", "wider_smaller")
"""Digits 1 to 4: as it is, twice the channels, half the resolution, both."""

LENGTHS = range(4, 7)
"""Modules."""
WIDENINGS = range(1, 4)
"""How many modules double the channels."""
HALVINGS = range(1, 5)
"""How many halve the resolution."""

BLOCKS = 2
"""Of a module."""

_KINDS: tuple[Kind, ...] = ("module", "module_wider", "module_smaller", "module_wider_smaller")
_FORM = f"{BASE}-xxxx-basic, four to six digits: 1 normal, 2 channels x2, 3 resolution /2, 4 both"
_VALID = "one to three modules double the channels, and one to four halve the resolution"
_ORDER = "four to six names, one a module"
_SLOTS = tuple(
    Slot(f"module {number}", OPERATIONS, optional=number > LENGTHS[0])
    for number in range(1, LENGTHS[-1] + 1)
)


def parse(spelling: Mapping[str, object]) -> Code:
    """The modules by number in OPERATIONS.

    Raises InvalidSpellingError.
    """
    field = form(spelling)
    if field == "ops":
        code = tuple(names(spelling["ops"], LENGTHS, OPERATIONS, _ORDER))
    else:
        code = _digits(arch_text(spelling["arch"], _FORM))
    if not _is_of_the_space(code):
        wider, smaller = sum(map(_widens, code)), sum(map(_halves, code))
        reason = f"{wider} modules double the channels and {smaller} halve the resolution"
        raise InvalidSpellingError(field, reason, _VALID)
    return code


def _digits(text: str) -> Code:
    parts = text.split("-")
    if len(parts) != 3 or (parts[0], parts[2]) != (str(BASE), "basic"):
        raise InvalidSpellingError("arch", f"{quoted(text)} is not of that form", _FORM)
    for digit in parts[1]:
        if digit not in "1234":
            raise InvalidSpellingError("arch", f"{quoted(digit)} is no module", _FORM)
    if len(parts[1]) not in LENGTHS:
        raise InvalidSpellingError("arch", f"{len(parts[1])} modules", _FORM)
    return tuple(int(digit) - 1 for digit in parts[1])


def spelled(code: Code) -> Spec:
    return {"arch": f"{BASE}-{''.join(str(each + 1) for each in code)}-basic"}


def _widens(module: int) -> bool:
    return OPERATIONS[module].startswith("wider")


def _halves(module: int) -> bool:
    return OPERATIONS[module].endswith("smaller")


def _is_of_the_space(code: Code) -> bool:
    return (
        len(code) in LENGTHS
        and sum(map(_widens, code)) in WIDENINGS
        and sum(map(_halves, code)) in HALVINGS
    )


def network(code: Code, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, modules of two residual blocks, and the head. The stem and each of these is a block."""
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    channels = skeleton["channels"]
    value = stem(builder, channels)
    for number, module in enumerate(code):
        channels *= 2 if _widens(module) else 1
        for place in range(BLOCKS):
            first, slot = place == 0, f"module{number}.block{place}"
            changes = first and module != 0
            stride = 2 if first and _halves(module) else 1
            value = builder.end_block(_block(builder, value, slot, channels, stride, changes))
    head(builder, value, classes)
    return builder.graph()


def _block(
    builder: Builder, source: int, slot: str, channels: int, stride: int, changes: bool
) -> int:
    value = builder.relu_convolution_bn(source, f"{slot}.first", channels, 3, stride)
    value = builder.relu_convolution_bn(value, f"{slot}.second", channels, 3)
    if changes:
        source = builder.convolution_bn(source, f"{slot}.shortcut", channels, 1, stride)
    return builder.total([source, value])


def graph(spec: Spec, skeleton: Skeleton, classes: int) -> Graph:
    """The network of a spelling."""
    return network(parse(spec), skeleton, classes)


def size(spec: Spec, skeleton: Skeleton, classes: int) -> Size:
    """What the network of a spelling has, layer for layer."""
    (parameters, flops), side = stem_size(skeleton)
    channels = skeleton["channels"]
    for module in parse(spec):
        made = channels * 2 if _widens(module) else channels
        side = halved(side) if _halves(module) else side
        shortcut = module != 0
        weights = (9 + shortcut) * channels * made + (4 * 9 - 9) * made**2
        parameters += weights + (4 + shortcut) * 2 * made
        flops += weights * side**2
        channels = made
    last = head_size(channels, classes)
    return Size(parameters + last.parameters, flops + last.flops)


def structure(spec: Spec, skeleton: Skeleton, classes: int) -> Mapping[str, float]:
    """See `Bench.structure`: a module is an operation, and no path is without one."""
    found = structural(vertices(spec), graph(spec, skeleton, classes))
    return {**found, "structural_identity_paths": 0.0}


def vertices(spec: Spec) -> Sequence[Vertex]:
    """See `Bench.vertices`: one module after another."""
    chain = enumerate(parse(spec))
    found = [Vertex("input", ()), *(Vertex(_KINDS[each], (place,)) for place, each in chain)]
    return [*found, Vertex("output", (len(found) - 1,))]


def whole(spec: Spec) -> bool:
    """Always: there is one path, and every module lies on it."""
    parse(spec)
    return True


def children(code: Code) -> Iterator[Code]:
    """A module changed, put in or taken out, where the space has the result."""
    edited = [*other_operations(code, len(OPERATIONS))]
    for place in range(len(code) + 1):
        edited += [(*code[:place], each, *code[place:]) for each in range(len(OPERATIONS))]
    edited += [(*code[:place], *code[place + 1 :]) for place in range(len(code))]
    return filter(_is_of_the_space, edited)


LISTING = Listing(
    bench=NAME,
    operations=OPERATIONS,
    codes=tuple(
        code
        for length in LENGTHS
        for code in product(range(len(OPERATIONS)), repeat=length)
        if _is_of_the_space(code)
    ),
    text=lambda code: "".join(str(each + 1) for each in code),
    rank=lambda code: 0,
    children=children,
    parse=parse,
    spelled=spelled,
)

BENCH = Bench(
    name=NAME,
    title="TransNAS-Bench-101, macro",
    source=SOURCE,
    example={"arch": "64-1232-basic"},
    operations=OPERATIONS,
    classes=3256,
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
    findings=MACRO,
    ensembles=MACRO_ENSEMBLES,
)
