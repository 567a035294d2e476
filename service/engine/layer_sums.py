"""The sums that the proxies read of a network's layers."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from service.engine.rules import Layer, Motion
from service.engine.sums import floats, norm


class LayerSums:
    """Measures layers as a reverse walk meets them, and keeps nothing of them but scalars.

    What can be done with the scalars is done at the end, on the CPU: a small operation costs as
    much as a small layer.
    """

    def __init__(self, passes: frozenset[str]) -> None:
        self._passes = passes
        self._scalars: dict[str, dict[int, Tensor]] = {}
        self._degrees: dict[int, int] = {}
        self._images = 1

    def read(self, index: int, layer: Layer, A: Motion) -> None:
        """Takes what is asked for of a layer, from the loss's cotangent of its value."""
        if "fisher" in self._passes:
            self._images = len(A.u)
            self._keep("fisher", index, norm(_products(layer.value, A.u)))
        if not self._passes & {"loss", "curvature"}:
            return
        g = layer.gradient(A.u)
        self._keep("norm", index, norm(g))
        if "loss" in self._passes:
            products = layer.weight * g
            self._keep("saliency", index, products.sum(dtype=torch.float64))
            self._keep("absolute", index, norm(products, 1))
        if "curvature" in self._passes:
            ġ = layer.gradient_tangent(A, g)
            self._degrees[index] = ġ.degree
            if ġ.rest is not None:
                self._keep("rest", index, (g * ġ.rest).sum(dtype=torch.float64))

    def _keep(self, name: str, index: int, scalar: Tensor) -> None:
        self._scalars.setdefault(name, {})[index] = scalar

    def measurements(self, layers: Iterable[int]) -> Mapping[str, tuple[float, ...]]:
        """By field of `Measurements`, one sum a layer, 0 for one that was never met."""
        layers = list(layers)
        found = {name: by_layer(scalars, layers) for name, scalars in self._scalars.items()}
        none = (0.0,) * len(layers)
        norms = found.get("norm", none)
        fields: dict[str, tuple[float, ...]] = {}
        if "loss" in self._passes:
            fields["gradient_norms"] = norms
            fields["saliencies"] = found.get("saliency", none)
            fields["absolute_saliencies"] = found.get("absolute", none)
        if "fisher" in self._passes:
            # Σ_c ½ mean_n (Σ_hw a⊙A)².
            lengths = found.get("fisher", none)
            fields["channel_saliencies"] = tuple(x**2 / (2 * self._images) for x in lengths)
        if "curvature" in self._passes:
            # ⟨g, ġ⟩ = ⟨g, rest⟩ + degree·‖g‖².
            rests = found.get("rest", none)
            fields["curvatures"] = tuple(
                rest + self._degrees.get(layer, 0) * length**2
                for layer, rest, length in zip(layers, rests, norms, strict=True)
            )
        return fields


def by_layer(scalars: Mapping[int, Tensor], layers: Iterable[int]) -> tuple[float, ...]:
    """The scalars in the order of the layers, 0 for one without; copied from the device at once."""
    found = dict(zip(scalars, floats(list(scalars.values())), strict=True))
    return tuple(found.get(layer, 0.0) for layer in layers)


def _products(a: Tensor, A: Tensor) -> Tensor:
    """Σ_hw a⊙A of a layer's value (N, C, H, W) or (N, C)."""
    products = a * A
    return products.sum((2, 3)) if products.ndim == 4 else products
