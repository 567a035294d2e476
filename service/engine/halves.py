"""How steady the loss's gradients are between the two halves of a minibatch."""

import torch
from torch import Tensor

from service.engine import walks
from service.engine.cross_entropy import loss_cotangent
from service.engine.plan import Plan
from service.engine.rules import Layer, Motion
from service.engine.rules.layout import for_kernels


def halves(images: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The first ⌊N/2⌋ images with their labels, and the others."""
    middle = len(images) // 2
    return [(images[:middle], labels[:middle]), (images[middle:], labels[middle:])]


def inverse_variation(first: Tensor, second: Tensor) -> Tensor:
    """Σ_p mean_i |g_ip| / std_i(g_ip) of two gradients of one weight, over the p with std > 0.

    The standard deviation is the population's: of two numbers |a - b|/2, and the mean of |.| is
    (|a| + |b|)/2. A float64 scalar on the gradients' device, 0 where they are the same. Float64,
    for where two gradients nearly meet one number outweighs all others of its layer.
    """
    a, b = (each.to(torch.float64, copy=True) for each in (first, second))
    spread = (a - b).abs_()
    ratios = a.abs_().add_(b.abs_()).div_(spread)
    # Not `spread > 0`, which would leave out what is not finite as well.
    return ratios.masked_fill_(spread == 0, 0).sum()


def inverse_variations(
    plan: Plan, rule_of: walks.MakeRule, images: Tensor, labels: Tensor
) -> dict[int, Tensor]:
    """By layer that the loss reaches, from a forward and a backward of each half.

    Each half is a minibatch of its own: batch norms use its statistics, and the loss is its mean
    cross-entropy.
    """
    gradients: dict[int, Tensor] = {}
    found: dict[int, Tensor] = {}

    def keep(index: int, layer: Layer, A: Motion) -> None:
        gradients[index] = layer.gradient(A.u)

    def compare(index: int, layer: Layer, A: Motion) -> None:
        found[index] = inverse_variation(gradients.pop(index), layer.gradient(A.u))

    for (x, y), read in zip(halves(images, labels), (keep, compare), strict=True):
        walked = walks.forward(plan, rule_of, for_kernels(x))
        A = loss_cotangent(walked.output, y, moving=False)
        walks.reverse_to_layers(plan, walked.rules, A, read=read)
    return found
