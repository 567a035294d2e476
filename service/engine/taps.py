"""Hooks that read a network while it runs: the outputs of its layers, the signs of its ReLUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass
class Tapped:
    """What the hooks have read of one forward."""

    outputs: dict[nn.Module, list[Tensor]] = field(default_factory=dict)
    """By convolution or linear layer, one output for each time it ran."""
    kernel: Tensor | None = None

    def agreements(self, images: int) -> Tensor:
        """On how many ReLUs two images agree, (images, images) float64; 0 without a ReLU."""
        if self.kernel is None:
            return torch.zeros(images, images, dtype=torch.float64)
        return self.kernel.cpu()


@contextmanager
def taps(network: nn.Module, outputs: bool, patterns: bool) -> Iterator[Tapped]:
    """Reads what is asked for while the block runs; the hooks are gone after it."""
    tapped = Tapped()
    modules = list(network.modules())
    # An in-place ReLU would overwrite the very tensor that is kept.
    copies = any(getattr(module, "inplace", False) for module in modules)

    def keep(module: nn.Module, _: object, output: Tensor) -> Tensor | None:
        tapped.outputs.setdefault(module, []).append(output)
        return output.clone() if copies else None

    def compare(_: nn.Module, inputs: tuple[Tensor]) -> None:
        agreements = _agreements(inputs[0].detach())
        tapped.kernel = agreements if tapped.kernel is None else tapped.kernel + agreements

    hooks = []
    for module in modules:
        if outputs and isinstance(module, nn.Conv2d | nn.Linear):
            hooks.append(module.register_forward_hook(keep))
        if patterns and isinstance(module, nn.ReLU):
            hooks.append(module.register_forward_pre_hook(compare))
    try:
        yield tapped
    finally:
        for hook in hooks:
            hook.remove()


def _agreements(values: Tensor) -> Tensor:
    """c cᵀ + (1-c)(1-c)ᵀ for c = [values > 0] flattened, (N, N) float64.

    With signs s = 2c - 1 of length D that is (D + s sᵀ) / 2: one product, whose whole numbers
    float32 holds exactly up to D = 2²⁴.
    """
    # Channels last is how the values lie in memory: flattening them so copies nothing.
    active = values.movedim(1, -1).flatten(1) > 0
    signs = active.to(torch.float32).mul_(2).sub_(1)
    return (signs @ signs.T).double().add_(signs.shape[1]).div_(2)
