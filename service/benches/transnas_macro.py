"""TransNAS-Bench-101, the macro space: four to six modules of residual blocks.

Every spelling is a network of its own.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from service.benches.arch_or_ops import read
from service.benches.bench import Code, InvalidSpellingError, Size, Skeleton, Slot
from service.benches.listed import Listing, other_choices
from service.benches.quoting import quoted
from service.benches.structure import Kind, Vertex, chain
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
SLOTS = tuple(
    Slot(f"module {number}", OPERATIONS, optional=number > LENGTHS[0])
    for number in range(1, LENGTHS[-1] + 1)
)


def parse(spelling: Mapping[str, object]) -> Code:
    """The modules by number in OPERATIONS.

    Raises InvalidSpellingError.
    """
    code = read(spelling, SLOTS, _FORM, _digits)
    if not _is_of_the_space(code):
        wider, smaller = sum(map(_widens, code)), sum(map(_halves, code))
        reason = f"{wider} modules double the channels and {smaller} halve the resolution"
        raise InvalidSpellingError(next(iter(spelling)), reason, _VALID)
    return code


def _digits(arch: str) -> Code:
    parts = arch.split("-")
    if len(parts) != 3 or (parts[0], parts[2]) != (str(BASE), "basic"):
        raise InvalidSpellingError("arch", f"{quoted(arch)} is not of that form", _FORM)
    if len(parts[1]) not in LENGTHS:
        raise InvalidSpellingError("arch", f"{len(parts[1])} modules", _FORM)
    for module, digit in enumerate(parts[1], start=1):
        if digit not in "1234":
            raise InvalidSpellingError("arch", f"module {module} is {digit!a}", _FORM)
    return tuple(int(digit) - 1 for digit in parts[1])


def digits(code: Code) -> str:
    """As a spelling has them: `1232`."""
    return "".join(str(module + 1) for module in code)


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


def size(code: Code, skeleton: Skeleton, classes: int) -> Size:
    """What `network(code, skeleton, classes)` has, layer for layer."""
    (parameters, flops), side = stem_size(skeleton)
    channels = skeleton["channels"]
    for module in code:
        made = channels * 2 if _widens(module) else channels
        side = halved(side) if _halves(module) else side
        shortcut = module != 0
        weights = (9 + shortcut) * channels * made + (4 * 9 - 9) * made**2
        parameters += weights + (4 + shortcut) * 2 * made
        flops += weights * side**2
        channels = made
    last = head_size(channels, classes)
    return Size(parameters + last.parameters, flops + last.flops)


def vertices(code: Code) -> list[Vertex]:
    """See `Bench.vertices`: a module is an operation."""
    return chain(_KINDS[module] for module in code)


def children(code: Code) -> Iterator[Code]:
    """A module changed, put in or taken out, where the space has the result."""
    edited = [*other_choices(code, SLOTS)]
    for place in range(len(code) + 1):
        edited += [(*code[:place], each, *code[place:]) for each in range(len(OPERATIONS))]
    edited += [(*code[:place], *code[place + 1 :]) for place in range(len(code))]
    return filter(_is_of_the_space, edited)


LISTING = Listing(
    name="transnas_macro",
    slots=SLOTS,
    codes=tuple(
        code
        for length in LENGTHS
        for code in product(range(len(OPERATIONS)), repeat=length)
        if _is_of_the_space(code)
    ),
    parse=parse,
    spelled=lambda code: f"{BASE}-{digits(code)}-basic",
    text=digits,
    rank=lambda code: 0,
    children=children,
    network=network,
    size=size,
    vertices=vertices,
)

BENCH = LISTING.bench(
    title="TransNAS-Bench-101, macro",
    source=SOURCE,
    example="64-1232-basic",
    classes=3256,
    skeletons=SKELETONS,
    width="channels",
    findings=MACRO,
    ensembles=MACRO_ENSEMBLES,
)
