"""Measures a graph's network in one forward and one reverse walk, without autograd.

The forward carries every value x and its motion ẋ as the weights scale. The reverse carries three
cotangents of every value: A of the loss, B of the summed logits, and the motion C of A. Layers give
their sums on the spot. What is not asked for is not carried: no motions without `curvature`, no A
without a loss, no B without `jacobian`, no reverse for `patterns` alone. `docs/sweep.md` explains
it, `service.engine.rules` has each operation's part.

On the CPU the last bits depend on the number of threads (`torch.set_num_threads`), which is the
caller's: with one thread, the same network on the same minibatch gives the same bits.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from service.engine import walks
from service.engine.agreements import Agreements
from service.engine.clock import Clock
from service.engine.flows import synaptic_flows
from service.engine.gram import gram
from service.engine.layer_sums import LayerSums, by_layer
from service.engine.loss import loss_cotangent
from service.engine.measurements import PASSES, Measurements
from service.engine.plan import Plan, Step, plan
from service.engine.rules import RULES, Parameters, Rule
from service.engine.weights import Weights
from service.graph import Convolution, Graph, Linear, ReLU

_OF_LOSS = frozenset({"loss", "fisher", "curvature"})
_REVERSING = _OF_LOSS | {"jacobian"}


def sweep(
    graph: Graph, weights: Weights, images: Tensor, labels: Tensor, passes: frozenset[str]
) -> Measurements:
    """Measures what `passes` name, and nothing else.

    `images` (N, C, H, W) are float32 or float64 and `labels` (N,) int64, on one device; the network
    runs there in the images' dtype. The graph's output is logits (N, classes).
    """
    if unknown := passes - PASSES:
        raise ValueError(f"no such passes: {', '.join(sorted(unknown))}")
    slots = {
        index: operation.slot
        for index, operation in enumerate(graph.operations)
        if isinstance(operation, Convolution | Linear)
    }
    planned = plan(graph, dead_ends="patterns" in passes, moving="curvature" in passes)
    clock = Clock(images.device)
    found: dict[str, Any] = {}
    with torch.no_grad():
        if "weights" in passes:
            with clock.time("weights"):
                norms = {index: _norm(weights, slot) for index, slot in slots.items()}
                found["weight_norms"] = by_layer(norms, slots)
        if passes & (_REVERSING | {"patterns"}):
            found |= _on_minibatch(planned, weights, slots, images, labels, passes, clock)
        if "synflow" in passes:
            with clock.time("synflow"):
                flows = synaptic_flows(planned, graph.shapes[0], weights, images.device)
                found["synaptic_flows"] = by_layer(flows, slots)
    if "fisher" in passes:
        sizes = (weights[f"{slot}/weight"][0].size for slot in slots.values())
        found["filter_sizes"] = tuple(sizes)
    return Measurements(**found, seconds=clock.seconds)


def _on_minibatch(
    planned: Plan,
    weights: Weights,
    slots: Mapping[int, str],
    images: Tensor,
    labels: Tensor,
    passes: frozenset[str],
    clock: Clock,
) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    moving = "curvature" in passes
    reversing = bool(passes & _REVERSING)
    parameters = _parameters(weights, images)
    agreements = Agreements(len(images), images.device)

    def rule_of(step: Step) -> Rule:
        return RULES[type(step.operation)](step.operation, parameters)

    def compare(step: Step, value: Tensor) -> None:
        if "patterns" in passes and isinstance(step.operation, ReLU):
            agreements.add(value, step.copies)

    with clock.time("forward"):
        walked = walks.forward(
            planned, rule_of, _laid_out(images), moving=moving, reversing=reversing, read=compare
        )
    if "patterns" in passes:
        found["agreements"] = agreements.matrix()
    if not reversing:
        return found
    sums = LayerSums(passes)
    logits = walked.output
    with clock.time("reverse"):
        A = loss_cotangent(logits, labels, moving) if passes & _OF_LOSS else None
        B = torch.ones_like(logits.u) if "jacobian" in passes else None
        jacobian = walks.reverse(planned, walked.rules, A, B, moving=moving, read=sums.read)
        found |= sums.measurements(slots)
        if "jacobian" in passes:
            found["jacobian_gram"] = gram(
                torch.zeros_like(images) if jacobian is None else jacobian
            )
            found["labels"] = labels.cpu()
    return found


def _parameters(weights: Weights, images: Tensor) -> Parameters:
    """The parameters in the images' dtype, on their device, laid out as their convolutions want."""

    def parameter(name: str) -> Tensor:
        tensor = torch.from_numpy(weights[name]).to(images.device, images.dtype)
        return _laid_out(tensor) if tensor.ndim == 4 else tensor

    return parameter


def _laid_out(tensor: Tensor) -> Tensor:
    """Channels last on the CPU, where convolutions and pools run 1.7 times as fast so.

    On a GPU float32 without TF32 has its fast convolutions for channels first.
    """
    last = tensor.device.type == "cpu"
    return tensor.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def _norm(weights: Weights, slot: str) -> Tensor:
    weight = torch.from_numpy(weights[f"{slot}/weight"])
    norm: Tensor = torch.linalg.vector_norm(weight, dtype=torch.float64)
    return norm
