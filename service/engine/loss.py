"""What the loss says of the layers: one backward, and for the curvature its derivative.

The halves of the minibatch have a forward and a backward each.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from service.engine.dependence import nodes
from service.engine.findings import Findings, UnmeasurableError, unmeasurable_where
from service.engine.halves import halves, inverse_variation
from service.engine.layers import Layer
from service.engine.sums import floats, norm, product
from service.engine.watch import Run


def measure_loss(
    logits: Tensor,
    labels: Tensor,
    layers: Sequence[Layer],
    runs: Sequence[Run],
    passes: frozenset[str],
    findings: Findings,
) -> None:
    """The passes `loss`, `fisher` and `curvature`, each where it is asked for."""
    loss = F.cross_entropy(logits, labels)
    weights = [layer.weight for layer in layers]
    with findings.measuring("loss"):
        gradients, of_outputs = _backward(loss, weights, runs, "curvature" in passes)
        if "loss" in passes:
            products = [product(w, g) for w, g in zip(weights, gradients, strict=True)]
            findings.fields |= {
                "gradient_norms": floats([norm(g) for g in gradients]),
                "saliencies": floats([each.sum() for each in products]),
                "absolute_saliencies": floats([each.abs().sum() for each in products]),
            }
    if "fisher" in passes:
        with findings.measuring("fisher"):
            _measure_fisher(layers, runs, of_outputs, len(labels), findings)
    if "curvature" in passes:
        with findings.measuring("curvature"):
            curved = _hessian_weights(weights, gradients)
            findings.fields["curvatures"] = floats(
                [product(g, h).sum() for g, h in zip(gradients, curved, strict=True)]
            )


def half_inverse_variations(
    network: nn.Module, layers: Sequence[Layer], images: Tensor, labels: Tensor
) -> tuple[float, ...]:
    """One a layer: see `Measurements.inverse_variations`.

    Raises UnmeasurableError where the network does not run on half of the images.
    """
    weights = [layer.weight for layer in layers]
    gradients = []
    for x, y in halves(images.detach(), labels):
        with unmeasurable_where("half of the images"):
            # A copy, for the network may work in place.
            loss = F.cross_entropy(network(x.clone()), y)
            gradients.append(_backward(loss, weights, (), create_graph=False)[0])
    return floats([inverse_variation(g, h) for g, h in zip(*gradients, strict=True)])


def _backward(
    loss: Tensor, weights: Sequence[Tensor], runs: Sequence[Run], create_graph: bool
) -> tuple[list[Tensor], list[Tensor | None]]:
    """∂L/∂w, 0 where the loss does not depend on w; ∂L/∂a, None where it does not depend on a.

    None is left in `.grad`.
    """
    found: Sequence[Tensor | None] = [None] * (len(weights) + len(runs))
    inputs: Sequence[Any] = [*weights, *(run.edge for run in runs)]
    if loss.requires_grad and inputs:
        found = torch.autograd.grad(loss, inputs, create_graph=create_graph, allow_unused=True)
    gradients = [
        torch.zeros_like(weight) if gradient is None else gradient
        for weight, gradient in zip(weights, found, strict=False)
    ]
    return gradients, list(found[len(weights) :])


def _measure_fisher(
    layers: Sequence[Layer],
    runs: Sequence[Run],
    gradients: Sequence[Tensor | None],
    images: int,
    findings: Findings,
) -> None:
    sums = {
        (id(layer.weight), layer.filter_size): layer.weight.new_zeros((), dtype=torch.float64)
        for layer in layers
    }
    known = {weight for weight, _ in sums}
    for run, gradient in zip(runs, gradients, strict=True):
        if gradient is None or id(run.weight) not in known:
            continue
        output = run.output()
        if output.ndim + run.channel < 1:
            raise UnmeasurableError(
                f"a layer puts out {tuple(output.shape)}, not channels for each image"
            )
        if len(output) != images:
            raise UnmeasurableError(
                f"a layer puts out {tuple(output.shape)}, not a row for each of the {images} images"
            )
        saliency = _channel_saliency(
            output.movedim(run.channel, 1), gradient.movedim(run.channel, 1)
        )
        # A layer that runs with a part of its weights has filters of another size.
        key = (id(run.weight), run.filter_size)
        sums[key] = sums[key] + saliency if key in sums else saliency
    findings.fields["channel_saliencies"] = floats(list(sums.values()))
    findings.fields["filter_sizes"] = tuple(size for _, size in sums)


def _channel_saliency(output: Tensor, gradient: Tensor) -> Tensor:
    """Σ_c ½ mean_n (Σ_hw a⊙∂L/∂a)² of a layer's output (N, C, ...)."""
    products = (output * gradient).detach()
    products_NC = products.reshape(*products.shape[:2], -1).sum(2, dtype=torch.float64)
    return products_NC.square().mean(0).sum() / 2


def _hessian_weights(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> Sequence[Tensor]:
    """Hw, the gradient of ⟨stop(w), g(w)⟩."""
    alive = [(w, g) for w, g in zip(weights, gradients, strict=True) if g.requires_grad]
    moving = [g for _, g in alive]
    if not alive:
        return [torch.zeros_like(weight) for weight in weights]
    # What only this node leads to, torch would take for 0.
    if any(node.name() == "torch::autograd::Error" for node in nodes(moving)):
        raise UnmeasurableError(
            "no second derivative: a function of the network is differentiable once"
        )
    try:
        return torch.autograd.grad(
            moving, weights, [w.detach() for w, _ in alive], materialize_grads=True
        )
    except RuntimeError as error:
        if "not implemented" not in str(error):
            raise
        raise UnmeasurableError(f"no second derivative: {error}") from error
