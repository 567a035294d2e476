"""The sums that the proxies read of a network's layers."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from service.engine.rules import Layer, Motion
from service.engine.sums import floats, norm

_FIELDS = {
    "loss": ("gradient_norms", "saliencies", "absolute_saliencies"),
    "fisher": ("channel_saliencies",),
    "curvature": ("curvatures",),
}


class LayerSums:
    """Measures layers as a reverse walk meets them, and keeps nothing of them but scalars."""

    def __init__(self, passes: frozenset[str]) -> None:
        self._passes = passes
        fields = (fields for name, fields in _FIELDS.items() if name in passes)
        self._scalars: dict[str, dict[int, Tensor]] = {
            field: {} for each in fields for field in each
        }

    def read(self, index: int, layer: Layer, A: Motion) -> None:
        """Takes what is asked for of a layer, from the loss's cotangent of its value."""
        for field, scalar in self._measured(layer, A).items():
            self._scalars[field][index] = scalar

    def _measured(self, layer: Layer, A: Motion) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        if "fisher" in self._passes:
            found["channel_saliencies"] = _channel_saliency(layer.value, A.u)
        if not self._passes & {"loss", "curvature"}:
            return found
        g = layer.gradient(A.u)
        if "loss" in self._passes:
            products = layer.weight * g
            found["gradient_norms"] = norm(g)
            found["saliencies"] = products.sum(dtype=torch.float64)
            found["absolute_saliencies"] = norm(products, 1)
        if "curvature" in self._passes:
            found["curvatures"] = _slope(layer.gradient_tangent(A, g))
        return found

    def measurements(self, layers: Iterable[int]) -> Mapping[str, tuple[float, ...]]:
        """By field of `Measurements`, one sum a layer."""
        return {field: by_layer(found, layers) for field, found in self._scalars.items()}


def by_layer(scalars: Mapping[int, Tensor], layers: Iterable[int]) -> tuple[float, ...]:
    """The scalars in the order of the layers, 0 for one without; copied from the device at once."""
    found = dict(zip(scalars, floats(list(scalars.values())), strict=True))
    return tuple(found.get(layer, 0.0) for layer in layers)


def _channel_saliency(a: Tensor, A: Tensor) -> Tensor:
    """Σ_c ½ mean_n (Σ_hw a⊙A)² of a layer's value (N, C, H, W) or (N, C)."""
    products = a * A
    sums_NC = products.sum((2, 3)) if products.ndim == 4 else products
    return sums_NC.double().square_().mean(0).sum() / 2


def _slope(g: Motion) -> Tensor:
    """⟨g, ġ⟩ = ⟨g, rest⟩ + degree·‖g‖²."""
    slope = norm(g.u).square() * g.degree
    return slope if g.rest is None else slope + (g.u * g.rest).sum(dtype=torch.float64)
