"""How much memory a sweep takes, by arithmetic: the walks, over tensors without numbers.

The walks are the very ones of the sweep; what an operation allocates and keeps on the way is in
`service.engine.allocations`.
"""

from math import prod
from typing import Any, cast

from service.engine import walks
from service.engine.allocations import Allocations, LayerMemory
from service.engine.hollow import Meter
from service.engine.plan import Plan, Step, plan
from service.engine.rules import Layer, Motion, Rule
from service.graph import Convolution, GlobalAveragePool, Graph, Linear, ReLU, blocks

_SINGLE, _DOUBLE, _WORD = 4, 8, 8
_BITS = 8 * _WORD
_OF_LOSS = frozenset({"loss", "fisher", "curvature"})
_OF_RELUS = frozenset({"patterns", "columns"})
_REVERSING = _OF_LOSS | {"jacobian"}


def peak_bytes(graph: Graph, images: int, passes: frozenset[str], itemsize: int = _SINGLE) -> int:
    """The most bytes of tensors at once, while `service.engine.sweep` measures `passes` on a CPU.

    `images` is how many the minibatch has and `itemsize` the bytes of each of its numbers. What the
    sweep is given counts too: the images and the weights, in float32. Not what Python, torch and
    oneDNN take for themselves.
    """
    planned = plan(graph, dead_ends=bool(passes & _OF_RELUS), moving="curvature" in passes)
    meter = Meter()
    meter.take(_SINGLE * graph.parameters)
    batch = Allocations(graph, meter, images, itemsize)
    given = batch.value(0)
    if passes & (_REVERSING | _OF_RELUS):
        _measure_on_minibatch(planned, batch, passes, centred=graph.output_is_centred)
    if "halves" in passes:
        # Of an odd number, the second half has one more.
        half = Allocations(graph, meter, images - images // 2, itemsize)
        _measure_halves(plan(graph, dead_ends=False, moving=False), half)
    if "weights" in passes:
        meter.touch(_DOUBLE * _largest_layer(graph))
    if "synflow" in passes:
        _measure_flows(planned, Allocations(graph, meter, 1, _DOUBLE))
    if "blocks" in passes and graph.blocks:
        _measure_blocks(graph, meter, images, itemsize)
    if "perturbation" in passes:
        _measure_perturbation(graph, meter, images, itemsize)
    del given
    return meter.peak


def bound_bytes(graph: Graph, images: int, itemsize: int = _SINGLE) -> int:
    """What `peak_bytes` never exceeds, whatever the passes: crude, and a hundred times as fast.

    Every value, its motion, and a cotangent and its motion for each of them; for each weight, what
    is given, its copy, its gradient, that of its motion, and products of them in float64; and one
    image in float64, windows unfolded, for `synflow`.
    """
    values = sum(prod(shape) for shape in graph.shapes)
    widest = max(prod(shape) for shape in graph.shapes)
    unfolded = max(
        (
            operation.kernel**2 * prod(graph.shapes[operation.source])
            for operation in graph.operations
            if isinstance(operation, Convolution)
        ),
        default=0,
    )
    batch = 4 * itemsize * images * (values + widest)
    flows = 2 * _DOUBLE * (2 * values + unfolded)
    return batch + flows + 11 * _SINGLE * graph.parameters


def _measure_on_minibatch(
    planned: Plan, batch: Allocations, passes: frozenset[str], *, centred: bool
) -> None:
    moving = "curvature" in passes

    columns: list[Any] = []

    def compare(step: Step, value: Any) -> None:
        if not passes & _OF_RELUS or not isinstance(step.operation, ReLU):
            return
        # One byte a sign.
        active = value.new(itemsize=1)
        if "columns" in passes:
            # One bit a sign, in whole words: as bytes, and as words.
            words = -(-batch.images // _BITS)
            packed = active.new(active.numbers // batch.images * words, _WORD)
            columns.append(packed.new())

    images: Any = batch.value(0)
    # Of agreements or of the Jacobian, in float64: the one that is added to, and a product.
    matrix: Any = images.new(batch.images**2, _DOUBLE)
    matrix.touch(2)
    walked = walks.forward(
        planned,
        batch.rule,
        images,
        moving=moving,
        reversing=bool(passes & (_OF_LOSS if centred else _REVERSING)),
        read=compare,
    )
    if columns:
        # All in one, beside what they were.
        images.new(sum(each.numbers for each in columns), _WORD)
        columns.clear()
    if "jacobian" in passes:
        kept = dict(walked.rules) if passes & _OF_LOSS else walked.rules
        B: Any = batch.value(planned.output)
        # Of a centred output nothing is walked: it is zeros, as large as images that nobody keeps.
        jacobian: Any = images if centred else walks.reverse_to_images(planned, kept, B)
        # Its rows in float64, less their means, and those once more without the constant ones.
        images.touch(3 * _DOUBLE / images.itemsize)
        del jacobian
    if passes & _OF_LOSS:
        _reverse_to_layers(planned, walked.rules, batch, passes, moving=moving)


def _measure_halves(planned: Plan, half: Allocations) -> None:
    gradients: list[Any] = []

    def keep(weight: Any) -> None:
        gradients.append(weight.new())

    def compare(weight: Any) -> None:
        gradient = weight.new()
        # Both in float64, how far they are apart, and where they are not.
        weight.touch((3 * _DOUBLE + 1) / weight.itemsize)
        gradients.remove(next(each for each in gradients if each.numbers == gradient.numbers))

    for take in (keep, compare):
        images: Any = half.value(0)
        walked = walks.forward(planned, half.rule, images)
        A: Any = half.value(planned.output)

        def read(index: int, layer: Layer, A: Motion, take: Any = take) -> None:
            cast("LayerMemory", layer).correlate()
            take(layer.weight)

        walks.reverse_to_layers(planned, walked.rules, Motion(A), read=read)


def _measure_flows(planned: Plan, one: Allocations) -> None:
    ones: Any = one.value(0)
    walked = walks.forward(planned, one.without_norms, ones)
    _reverse_to_layers(planned, walked.rules, one, frozenset({"fisher"}), moving=False)


def _measure_blocks(graph: Graph, meter: Meter, images: int, itemsize: int) -> None:
    whole = Allocations(graph, meter, images, itemsize)
    x: Any = whole.value(0)
    matrices: list[Any] = []
    for number, block in enumerate(blocks(graph)):
        planned = plan(block, dead_ends=False, moving=False)
        batch = Allocations(block, meter, images, itemsize)
        walked = walks.forward(planned, batch.rule, x, reversing=number > 0)
        y: Any = walked.output.u
        # Less its means; a product of matrices stays.
        y.touch(1)
        matrices.append(y.new(block.shapes[-1][0] ** 2))
        if number:
            matrices.append(_crossed(planned, walked, x))
        x = y
        del walked, y


def _crossed(planned: Plan, walked: walks.Walked, x: Any) -> Any:
    g_out: Any = walked.output.u
    g_out = g_out.new()
    g_in: Any = walks.reverse_to_images(planned, walked.rules, g_out)
    # As rows for the product.
    x.touch(1)
    del g_in


def _measure_perturbation(graph: Graph, meter: Meter, images: int, itemsize: int) -> None:
    # Weights of its own.
    meter.take(_SINGLE * graph.parameters)
    planned = plan(graph, dead_ends=False, moving=False)
    batch = Allocations(graph, meter, images, itemsize)
    both: Any = [batch.value(0), batch.value(0)]
    features: list[Any] = []

    def read(step: Step, value: Any) -> None:
        if any(
            isinstance(each.operation, GlobalAveragePool) and each.sources[0] == step.index
            for each in planned.steps
        ):
            features.append(value.clone())

    for x in both:
        walks.forward(planned, batch.rule, x, reversing=False, read=read)
    if features:
        features[0].touch(1)
    meter.give(_SINGLE * graph.parameters)


def _reverse_to_layers(
    planned: Plan,
    rules: dict[int, Rule],
    allocations: Allocations,
    passes: frozenset[str],
    *,
    moving: bool,
) -> None:
    A: Any = allocations.value(planned.output)
    rest: Any = allocations.value(planned.output) if moving else None

    def read(index: int, layer: Layer, A: Motion) -> None:
        cast("LayerMemory", layer).read(passes)

    walks.reverse_to_layers(planned, rules, Motion(A, rest), moving=moving, read=read)


def _largest_layer(graph: Graph) -> int:
    return max(
        (
            operation.parameters(graph.shapes[operation.source])
            for operation in graph.operations
            if isinstance(operation, Convolution | Linear)
        ),
        default=0,
    )
