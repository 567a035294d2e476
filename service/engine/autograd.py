"""Measures any torch module by autograd: one shared forward, one backward for each question.

The loss backward serves the weight gradients and `fisher`, and the curvature differentiates it
again; the Jacobian is one backward of the summed logits to the images alone.

On the CPU the last bits depend on the number of threads (`torch.set_num_threads`), which is the
caller's: with one thread, two calls on one network give the same bits.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from service.engine.measurements import PASSES, Measurements
from service.engine.synflow import synaptic_flows
from service.engine.taps import taps

Layer = nn.Conv2d | nn.Linear


def measure(
    network: nn.Module, images: Tensor, labels: Tensor, passes: frozenset[str]
) -> Measurements:
    """Measures what `passes` name, and nothing else, and leaves the network as it was.

    `images` (N, C, H, W) have the network's dtype and device, `labels` (N,) are int64. The network
    is in train mode (batch norm uses batch statistics) and made of `nn.Conv2d`, `nn.Linear` and
    `nn.ReLU` modules and of anything without weights; its output is logits (N, classes).
    """
    if unknown := passes - PASSES:
        raise ValueError(f"no such passes: {', '.join(sorted(unknown))}")
    if not network.training:
        raise ValueError("a network is measured in train mode")
    layers = [module for module in network.modules() if isinstance(module, Layer)]
    clock = _Clock(images.device)
    found: dict[str, Any] = {}
    if "weights" in passes:
        with clock.time("weights"):
            found["weight_norms"] = _floats([_norm(layer.weight) for layer in layers])
    if passes & {"loss", "fisher", "curvature", "jacobian", "patterns"}:
        with _statistics_kept(network):
            found |= _on_minibatch(network, layers, images, labels, passes, clock)
    if "synflow" in passes:
        with clock.time("synflow"):
            found["synaptic_flows"] = _floats(synaptic_flows(network, images.shape[1:]))
    return Measurements(**found, seconds=clock.seconds)


def _on_minibatch(
    network: nn.Module,
    layers: Sequence[Layer],
    images: Tensor,
    labels: Tensor,
    passes: frozenset[str],
    clock: "_Clock",
) -> dict[str, Any]:
    """The passes that share one forward."""
    found: dict[str, Any] = {}
    of_loss = bool(passes & {"loss", "fisher", "curvature"})
    images = images.detach().requires_grad_("jacobian" in passes)
    with (
        torch.set_grad_enabled(of_loss or "jacobian" in passes),
        clock.time("forward"),
        taps(network, "fisher" in passes, "patterns" in passes) as tapped,
    ):
        logits = network(images)
    if "patterns" in passes:
        found["agreements"] = tapped.agreements(len(images))
    with torch.enable_grad():
        # Before the loss, whose own graph takes memory where the curvature is asked for.
        if "jacobian" in passes:
            with clock.time("jacobian"):
                (jacobian,) = _gradients(logits.sum(), [images], retain_graph=of_loss)
                found["jacobian_gram"] = _gram(jacobian)
                found["labels"] = labels.cpu()
        if of_loss:
            found |= _of_loss(
                F.cross_entropy(logits, labels), layers, tapped.outputs, passes, clock
            )
    return found


def _of_loss(
    loss: Tensor,
    layers: Sequence[Layer],
    outputs: dict[nn.Module, list[Tensor]],
    passes: frozenset[str],
    clock: "_Clock",
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    weights: list[Tensor] = [layer.weight for layer in layers]
    tapped = [(layer, output) for layer in layers for output in outputs.get(layer, ())]
    curvature = "curvature" in passes
    with clock.time("loss"):
        gradients = _gradients(
            loss, [*weights, *(output for _, output in tapped)], create_graph=curvature
        )
        of_weights, of_outputs = gradients[: len(weights)], gradients[len(weights) :]
        if "loss" in passes:
            products = [_product(w, g) for w, g in zip(weights, of_weights, strict=True)]
            found["gradient_norms"] = _floats([_norm(g) for g in of_weights])
            found["saliencies"] = _floats([product.sum() for product in products])
            found["absolute_saliencies"] = _floats([product.abs().sum() for product in products])
        if "fisher" in passes:
            sums = {layer: loss.new_zeros((), dtype=torch.float64) for layer in layers}
            for (layer, output), gradient in zip(tapped, of_outputs, strict=True):
                sums[layer] = sums[layer] + _channel_saliency(output, gradient)
            found["channel_saliencies"] = _floats(list(sums.values()))
            found["filter_sizes"] = tuple(layer.weight[0].numel() for layer in layers)
    if curvature:
        with clock.time("curvature"):
            curved = _hessian_gradient(weights, of_weights)
            found["curvatures"] = _floats(
                [_product(w, h).sum() for w, h in zip(weights, curved, strict=True)]
            )
    return found


def _hessian_gradient(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> Sequence[Tensor]:
    """Hg, the gradient of ⟨stop(g), g(w)⟩."""
    alive = [gradient for gradient in gradients if gradient.requires_grad]
    if not alive:
        return [torch.zeros_like(weight) for weight in weights]
    return torch.autograd.grad(
        alive, weights, [gradient.detach() for gradient in alive], materialize_grads=True
    )


def _gradients(
    scalar: Tensor,
    inputs: Sequence[Tensor],
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> Sequence[Tensor]:
    """Gradients, 0 for what the scalar does not depend on; none is left in `.grad`."""
    if not scalar.requires_grad:
        return [torch.zeros_like(tensor) for tensor in inputs]
    return torch.autograd.grad(
        scalar,
        inputs,
        retain_graph=retain_graph or create_graph,
        create_graph=create_graph,
        materialize_grads=True,
    )


def _channel_saliency(output: Tensor, gradient: Tensor) -> Tensor:
    """Σ_c ½ mean_n (Σ_hw a⊙∂L/∂a)² of a layer's output (N, C, ...)."""
    products = (output * gradient).detach()
    products_NC = products.reshape(*products.shape[:2], -1).sum(2, dtype=torch.float64)
    return products_NC.square().mean(0).sum() / 2


def _gram(jacobian: Tensor) -> Tensor:
    """J Jᵀ of the rows less their means, in float64; see `Measurements.jacobian_gram`."""
    rows = jacobian.detach().flatten(1).double()
    rounding = 8 * torch.finfo(jacobian.dtype).eps
    spread = rows.amax(1) - rows.amin(1)
    constant = spread <= rounding * rows.abs().amax(1)
    centred = (rows - rows.mean(1, keepdim=True)).masked_fill(constant[:, None], 0)
    return (centred @ centred.T).cpu()


def _product(left: Tensor, right: Tensor) -> Tensor:
    return left.detach().double() * right.detach().double()


def _norm(tensor: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(tensor.detach(), dtype=torch.float64)
    return norm


def _floats(scalars: Sequence[Tensor]) -> tuple[float, ...]:
    """Copies all scalars from the device at once."""
    return tuple(torch.stack(list(scalars)).tolist()) if scalars else ()


@contextmanager
def _statistics_kept(network: nn.Module) -> Iterator[None]:
    """Batch norms use the batch's statistics and leave their running ones alone."""
    norms = [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    ]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


class _Clock:
    """Seconds by pass; waits for the device, whose work is otherwise still queued."""

    def __init__(self, device: torch.device) -> None:
        self.seconds: dict[str, float] = {}
        self._device = device

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        begun = perf_counter()
        yield
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.seconds[name] = perf_counter() - begun
