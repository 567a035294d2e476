"""NAS-Bench-Macro: eight layers in three stages, each the identity or a MobileNet block."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from service.benches.arch_or_ops import read
from service.benches.bench import Code, InvalidSpellingError, Size, Skeleton, Slot
from service.benches.listed import Listing, other_choices
from service.benches.nb_macro_evidence import ENSEMBLES, FINDINGS
from service.benches.structure import Kind, Vertex, chain
from service.graph import Add, Builder, GlobalAveragePool, Graph, Linear, ReLU

OPERATIONS = ("id", "ir_3x3_t3", "ir_5x5_t6")
"""Of the official code: identity, and inverted residuals by kernel and expansion."""
IDENTITY = 0

STAGES = (2, 3, 3)
"""Layers of each; the first one doubles the channels and halves the maps."""

LAYERS = sum(STAGES)
FEATURES = 40
"""Of the last convolution, times the channels of the stem: 1,280 for 32."""

SKELETONS: dict[str, Skeleton] = {
    "full": {"channels": 32, "resolution": 32},
    "fast": {"channels": 8, "resolution": 16},
}

_KERNELS = (1, 3, 5)
_EXPANSIONS = (0, 3, 6)
_KINDS: tuple[Kind, ...] = ("convolution_1x1", "mbconv_3x3", "mbconv_5x5")
SLOTS = tuple(Slot(f"layer {number}", OPERATIONS) for number in range(1, LAYERS + 1))
_FORM = f"{LAYERS} digits, one a layer: 0 {OPERATIONS[0]}, 1 {OPERATIONS[1]}, 2 {OPERATIONS[2]}"


class Layer(NamedTuple):
    """A layer that is there: an identity which changes neither channels nor maps is none."""

    stage: int
    place: int
    """In its stage, among the layers that are there."""
    operation: int

    @property
    def reduces(self) -> bool:
        return self.place == 0


def parse(spelling: Mapping[str, object]) -> Code:
    """The operations of the eight layers.

    Raises InvalidSpellingError.
    """
    return read(spelling, SLOTS, _FORM, _digits)


def _digits(arch: str) -> Code:
    if len(arch) != LAYERS:
        raise InvalidSpellingError("arch", f"{len(arch)} digits instead of {LAYERS}", _FORM)
    for layer, digit in enumerate(arch, start=1):
        if digit not in "012":
            raise InvalidSpellingError("arch", f"layer {layer} is {digit!a}", _FORM)
    return tuple(map(int, arch))


def layers(code: Code) -> Iterator[Layer]:
    """Those that are there, from input to output."""
    given = iter(code)
    for stage, count in enumerate(STAGES):
        place = 0
        for number in range(count):
            operation = next(given)
            if number == 0 or operation != IDENTITY:
                yield Layer(stage, place, operation)
                place += 1


def network(code: Code, skeleton: Skeleton, classes: int) -> Graph:
    """Stem, layers, a 1×1 convolution and the head. The stem and every layer is a block."""
    builder = Builder(3, skeleton["resolution"], skeleton["resolution"])
    channels = skeleton["channels"]
    value = builder.end_block(builder.convolution_bn_relu(builder.input, "stem", channels, 3))
    for layer in layers(code):
        made = channels * 2 if layer.reduces else channels
        value = builder.end_block(_layer(builder, value, layer, channels, made))
        channels = made
    features = FEATURES * skeleton["channels"]
    value = builder.convolution_bn_relu(value, "last", features, 1)
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", classes))
    return builder.graph()


def _layer(builder: Builder, source: int, layer: Layer, channels: int, made: int) -> int:
    slot, stride = f"stage{layer.stage}.layer{layer.place}", 2 if layer.reduces else 1
    if layer.operation == IDENTITY:
        return builder.convolution_bn(source, f"{slot}.shortcut", made, 1, stride)
    hidden, kernel = channels * _EXPANSIONS[layer.operation], _KERNELS[layer.operation]
    value = builder.convolution_bn_relu(source, f"{slot}.expand", hidden, 1)
    value = builder.convolution_bn(value, f"{slot}.depthwise", hidden, kernel, stride, hidden)
    value = builder.append(ReLU(value))
    value = builder.convolution_bn(value, f"{slot}.project", made, 1)
    return value if layer.reduces else builder.append(Add((value, source)))


def size(code: Code, skeleton: Skeleton, classes: int) -> Size:
    """What `network(code, skeleton, classes)` has, layer for layer."""
    side, channels = skeleton["resolution"], skeleton["channels"]
    parameters, flops = 29 * channels, 27 * channels * side**2
    for layer in layers(code):
        made, after = channels, side
        if layer.reduces:
            made, after = channels * 2, (side + 1) // 2
        if layer.operation == IDENTITY:
            parameters += channels * made + 2 * made
            flops += channels * made * after**2
        else:
            hidden, taps = channels * _EXPANSIONS[layer.operation], _KERNELS[layer.operation] ** 2
            parameters += hidden * (channels + taps + made + 4) + 2 * made
            flops += hidden * (channels * side**2 + (taps + made) * after**2)
        side, channels = after, made
    features = FEATURES * skeleton["channels"]
    parameters += features * (channels + 2) + classes * (features + 1)
    return Size(parameters, flops + features * channels * side**2 + classes * features)


def vertices(code: Code) -> list[Vertex]:
    """See `Bench.vertices`. The first layer of a stage is no identity: it has weights."""
    return chain(_KINDS[layer.operation] for layer in layers(code))


def text(code: Code) -> str:
    """The operations of the layers that are there, stage by stage: `22/1/0`."""
    stages = ["", "", ""]
    for layer in layers(code):
        stages[layer.stage] += str(layer.operation)
    return "/".join(stages)


LISTING = Listing(
    name="nb_macro",
    slots=SLOTS,
    codes=tuple(product(range(len(OPERATIONS)), repeat=LAYERS)),
    parse=parse,
    spelled=lambda code: "".join(map(str, code)),
    text=text,
    # Identities last in their stage, as the official code writes an architecture.
    rank=lambda code: tuple(operation == IDENTITY for operation in code),
    children=lambda code: other_choices(code, SLOTS),
    network=network,
    size=size,
    vertices=vertices,
)

BENCH = LISTING.bench(
    title="NAS-Bench-Macro",
    source="Su et al., Prioritized Architecture Sampling with Monto-Carlo Tree Search, CVPR 2021",
    example="22212220",
    classes=3969,
    skeletons=SKELETONS,
    width="channels",
    findings=FINDINGS,
    ensembles=ENSEMBLES,
    # `train.py` of the official code: all training images, tested on the test images.
    trained_on={("cifar10", "test"): 50_000},
)
