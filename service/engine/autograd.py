"""Measures any torch module by autograd: one shared forward, one backward for each question.

The loss backward serves the weight gradients and `fisher`, and the curvature differentiates it
again; the Jacobian is one backward of the summed logits to the images alone.

On the CPU the last bits depend on the number of threads (`torch.set_num_threads`), which is the
caller's: with one thread, two calls on one network give the same bits.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from service.engine.blocks import UNKNOWN_BLOCKS
from service.engine.dependence import leaves
from service.engine.findings import Findings
from service.engine.jacobian import jacobian_gram
from service.engine.layers import Layer, functional_layers, layers
from service.engine.loss import half_inverse_variations, measure_loss
from service.engine.measurements import PASSES, Measurements
from service.engine.perturbation import UNKNOWN_FEATURES
from service.engine.sums import floats, norm
from service.engine.synflow import synaptic_flows
from service.engine.watch import Watch

_OF_LOSS = frozenset({"loss", "fisher", "curvature"})
_BY_WATCHING = frozenset({"fisher", "patterns", "columns", "flops", "dependence"})
_ON_MINIBATCH = _OF_LOSS | _BY_WATCHING | {"jacobian"}


def measure(
    network: nn.Module, images: Tensor, labels: Tensor, passes: frozenset[str]
) -> Measurements:
    """Measures what `passes` name, and nothing else, and leaves the network as it was.

    `images` (N, ...) have the network's dtype and device, `labels` (N,) are int64. The network is
    in train mode (batch norm uses batch statistics), all weights of its layers require gradients,
    and its output is logits (N, classes): else ValueError. Layers are the convolutions and linear
    layers, `nn` modules and, where the forward runs, calls of their functions with a parameter.
    """
    if unknown := passes - PASSES:
        raise ValueError(f"no such passes: {', '.join(sorted(unknown))}")
    if not network.training:
        raise ValueError("a network is measured in train mode")
    found = layers(network)
    findings = Findings(images.device)
    if passes & _ON_MINIBATCH:
        with _statistics_kept(network):
            found += _measure_on_minibatch(network, found, images, labels, passes, findings)
    if "halves" in passes:
        with findings.measuring("halves"), _statistics_kept(network), torch.enable_grad():
            findings.fields["inverse_variations"] = half_inverse_variations(
                network, found, images, labels
            )
    weights = [layer.weight for layer in found]
    if "weights" in passes:
        with findings.measuring("weights"):
            findings.fields["weight_norms"] = floats([norm(weight) for weight in weights])
    if "synflow" in passes:
        with findings.measuring("synflow"), _statistics_kept(network):
            ones = torch.ones_like(images[:1], dtype=torch.float64)
            findings.fields["synaptic_flows"] = floats(synaptic_flows(network, weights, ones))
    if "blocks" in passes:
        findings.unmeasured["blocks"] = UNKNOWN_BLOCKS
    if "perturbation" in passes:
        findings.unmeasured["perturbation"] = UNKNOWN_FEATURES
    return findings.measurements()


def _measure_on_minibatch(
    network: nn.Module,
    of_modules: Sequence[Layer],
    images: Tensor,
    labels: Tensor,
    passes: frozenset[str],
    findings: Findings,
) -> list[Layer]:
    """The passes that share one forward. Returns the layers that only the forward shows."""
    of_loss = bool(passes & _OF_LOSS)
    differentiated = of_loss or bool(passes & {"jacobian", "dependence"})
    images = images.detach().clone().requires_grad_(bool(passes & {"jacobian", "dependence"}))
    held = frozenset(id(layer.weight) for layer in of_modules)
    watch = Watch(len(images), held, passes)
    with (
        findings.measuring("forward"),
        torch.set_grad_enabled(differentiated),
        ExitStack() as stack,
    ):
        if passes & _BY_WATCHING:
            stack.enter_context(watch)
        # A copy, for the network may work in place.
        logits = network(images.clone())
    _check(logits, labels)
    functional = functional_layers(network, of_modules, watch.seen)
    found = [*of_modules, *functional]
    if "dependence" in passes:
        _measure_dependence(logits, images, found, watch, findings)
    if "flops" in passes:
        findings.fields["flops"] = watch.multiply_adds // len(images)
    if "patterns" in passes:
        findings.fields["agreements"] = watch.agreements()
    if "columns" in passes:
        findings.fields["distinct_columns"] = watch.columns.distinct()
    if watch.refusal:
        findings.unmeasured |= dict.fromkeys(passes & {"patterns", "columns"}, watch.refusal)
    with torch.enable_grad():
        # Before the loss, whose own graph takes memory where the curvature is asked for.
        if "jacobian" in passes:
            with findings.measuring("jacobian"):
                findings.fields["jacobian_gram"] = jacobian_gram(
                    logits, images, retain_graph=of_loss, judge_noise="dependence" in passes
                )
                findings.fields["labels"] = labels.cpu()
        if of_loss:
            measure_loss(logits, labels, found, watch.runs, passes, findings)
    return functional


def _check(logits: object, labels: Tensor) -> None:
    if not isinstance(logits, Tensor):
        raise ValueError(
            f"the network returns {type(logits).__name__}, not one tensor of logits (N, classes)"
        )
    if logits.ndim != 2 or len(logits) != len(labels) or not logits.is_floating_point():
        raise ValueError(
            f"the network returns {str(logits.dtype).removeprefix('torch.')} "
            f"{tuple(logits.shape)}, not logits ({len(labels)}, classes)"
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= logits.shape[1]:
        raise ValueError(
            f"labels from {lowest} to {highest} do not fit logits of {logits.shape[1]} classes"
        )


def _measure_dependence(
    logits: Tensor, images: Tensor, found: Sequence[Layer], watch: Watch, findings: Findings
) -> None:
    reached = {id(leaf) for leaf in leaves(logits)}
    findings.fields["depends_on_images"] = id(images) in reached
    unseen = [
        layer.name
        for layer in found
        if id(layer.weight) in reached and id(layer.weight) not in watch.seen
    ]
    if unseen:
        reason = f"no call of a convolution or linear layer is seen to use {unseen[0]}"
        findings.unmeasured |= {"fisher": reason, "flops": reason}


@contextmanager
def _statistics_kept(network: nn.Module) -> Iterator[None]:
    """Batch norms use the batch's statistics and leave their running ones alone."""
    norms = [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    ]
    for each in norms:
        each.track_running_stats = False
    try:
        yield
    finally:
        for each in norms:
            each.track_running_stats = True
