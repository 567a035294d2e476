"""Measures a graph's network in one walk forward and two back, without autograd.

The forward carries every value x and its motion ẋ as the weights scale. One reverse carries the
cotangent B of the summed logits to the images, the other that of the loss, A, and its motion C to
the layers, which give their sums on the spot. What is not asked for is not carried: no motions
without `curvature`, no A without a loss, no B without `jacobian`. `docs/sweep.md` explains it,
`service.engine.rules` has each operation's part.

On the CPU the last bits depend on the number of threads (`torch.set_num_threads`), which is the
caller's: with one thread, the same network on the same minibatch gives the same bits.
"""

import torch
from torch import Tensor

from service.engine import walks
from service.engine.agreements import Agreements, signs
from service.engine.blocks import measure_blocks
from service.engine.columns import Columns
from service.engine.cross_entropy import loss_cotangent
from service.engine.findings import Findings
from service.engine.flows import synaptic_flows
from service.engine.halves import inverse_variations
from service.engine.jacobian import gram
from service.engine.layer_sums import LayerSums, by_layer
from service.engine.measurements import PASSES, Measurements
from service.engine.parameters import parameters_for
from service.engine.perturbation import measure_perturbation
from service.engine.plan import Plan, Step, plan
from service.engine.rules.layout import for_kernels
from service.engine.sums import floats, norm
from service.engine.weights import Weights
from service.graph import Convolution, Graph, Linear, ReLU

SWEPT = PASSES - {"flops", "dependence"}
"""What a sweep measures. The others a graph knows by arithmetic."""

_OF_LOSS = frozenset({"loss", "fisher", "curvature"})
_OF_RELUS = frozenset({"patterns", "columns"})
_REVERSING = _OF_LOSS | {"jacobian"}


def sweep(
    graph: Graph,
    weights: Weights,
    images: Tensor,
    labels: Tensor,
    passes: frozenset[str],
    seed: int,
) -> Measurements:
    """Measures what `passes` name, and nothing else.

    `images` (N, C, H, W) are float32 or float64 and `labels` (N,) int64, on one device; the network
    runs there in the images' dtype. The graph's output is logits (N, classes). What else is random
    than the weights starts from `seed`. Raises ValueError for passes outside `SWEPT`.
    """
    if unknown := passes - SWEPT:
        raise ValueError(f"no such passes: {', '.join(sorted(unknown))}")
    slots = {
        index: operation.slot
        for index, operation in enumerate(graph.operations)
        if isinstance(operation, Convolution | Linear)
    }
    planned = plan(graph, dead_ends=bool(passes & _OF_RELUS), moving="curvature" in passes)
    findings = Findings(images.device)
    with torch.no_grad():
        if passes & (_REVERSING | _OF_RELUS):
            _measure_on_minibatch(
                *(planned, weights, slots, images, labels, passes, findings),
                centred=graph.output_is_centred,
            )
        if "halves" in passes:
            with findings.measuring("halves"):
                halved = plan(graph, dead_ends=False, moving=False)
                rules = walks.rules_with(parameters_for(images, weights))
                variations = inverse_variations(halved, rules, images, labels)
                findings.fields["inverse_variations"] = by_layer(variations, slots)
        if "weights" in passes:
            with findings.measuring("weights"):
                of_layers = [torch.from_numpy(weights[f"{slot}/weight"]) for slot in slots.values()]
                findings.fields["weight_norms"] = floats([norm(weight) for weight in of_layers])
        if "synflow" in passes:
            with findings.measuring("synflow"):
                flows = synaptic_flows(planned, graph.shapes[0], weights, images.device)
                findings.fields["synaptic_flows"] = by_layer(flows, slots)
        if "blocks" in passes:
            with findings.measuring("blocks"):
                findings.fields |= measure_blocks(graph, seed, images)
        if "perturbation" in passes:
            with findings.measuring("perturbation"):
                findings.fields |= measure_perturbation(graph, seed, images)
    if "fisher" in passes:
        sizes = (weights[f"{slot}/weight"][0].size for slot in slots.values())
        findings.fields["filter_sizes"] = tuple(sizes)
    return findings.measurements()


def _measure_on_minibatch(
    planned: Plan,
    weights: Weights,
    slots: dict[int, str],
    images: Tensor,
    labels: Tensor,
    passes: frozenset[str],
    findings: Findings,
    *,
    centred: bool,
) -> None:
    moving = "curvature" in passes
    reversing = bool(passes & (_OF_LOSS if centred else _REVERSING))
    rules = walks.rules_with(parameters_for(images, weights))
    agreements, columns = Agreements(len(images), images.device), Columns()

    def compare(step: Step, value: Tensor) -> None:
        if not passes & _OF_RELUS or not isinstance(step.operation, ReLU):
            return
        active = signs(value)
        if "patterns" in passes:
            agreements.add(active, step.copies)
        if "columns" in passes:
            columns.add(active)

    with findings.measuring("forward"):
        walked = walks.forward(
            planned, rules, for_kernels(images), moving=moving, reversing=reversing, read=compare
        )
    if "patterns" in passes:
        findings.fields["agreements"] = agreements.matrix()
    if "columns" in passes:
        findings.fields["distinct_columns"] = columns.distinct()
    if "jacobian" in passes:
        # A walk of its own: in one with A each would push the other out of the caches.
        with findings.measuring("jacobian"):
            # Of logits with a sum that stands still it is 0, and would be found to be rounding.
            jacobian = None
            if not centred:
                B = torch.ones_like(walked.output.u)
                again = passes & _OF_LOSS
                kept = dict(walked.rules) if again else walked.rules
                jacobian = walks.reverse_to_images(planned, kept, B)
            found = torch.zeros_like(images) if jacobian is None else jacobian
            findings.fields["jacobian_gram"] = gram(found)
            findings.fields["labels"] = labels.cpu()
    if passes & _OF_LOSS:
        sums = LayerSums(passes)
        with findings.measuring("loss"):
            A = loss_cotangent(walked.output, labels, moving)
            walks.reverse_to_layers(planned, walked.rules, A, moving=moving, read=sums.read)
            findings.fields |= sums.measurements(slots)
