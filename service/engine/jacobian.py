"""How the summed logits change with each image."""

from math import sqrt

import torch
from torch import Tensor

CANCELLED = 4
"""Times eps √(numbers in the images): a gradient so much smaller than what it is the sum of is
rounding noise. Noise grows with that root and stays under a tenth of it; gradients that do not
cancel are hundreds of times it even in float32."""


def jacobian_gram(
    logits: Tensor, images: Tensor, *, retain_graph: bool, judge_noise: bool
) -> Tensor:
    """J Jᵀ of the centred rows, (N, N) float64: see `Measurements.jacobian_gram`.

    In a network whose last batch norm is averaged and read by a linear layer, the summed logits do
    not depend on the images: batch norm has centred what is summed. Its Jacobian is 0 but for
    rounding, yet finite. Asked to judge that, it sums the logits a second time with random signs,
    where nothing cancels, and takes for 0 the rows that are `CANCELLED` in comparison.
    """
    (jacobian,) = _gradient(logits.sum(), images, retain_graph or judge_noise)
    if not judge_noise:
        return gram(jacobian)
    # A generator of its own: the same signs for everyone, and nobody's random state moves.
    generator = torch.Generator("cpu").manual_seed(0)
    signs = torch.randint(2, logits.shape, generator=generator, device="cpu").to(logits) * 2 - 1
    (uncancelled,) = _gradient((logits * signs).sum(), images, retain_graph)
    noise = CANCELLED * torch.finfo(jacobian.dtype).eps * sqrt(images.numel())
    size = torch.linalg.vector_norm(uncancelled.flatten(1), dim=1, dtype=torch.float64)
    return gram(jacobian, noise * size)


def gram(jacobian: Tensor, noise: Tensor | None = None) -> Tensor:
    """J Jᵀ of the rows (N, ...) less their means, (N, N) float64 on the CPU.

    Rows that are constant up to rounding, or no longer than `noise` (N,), count as 0.
    """
    rows = jacobian.detach().flatten(1).double()
    rounding = torch.finfo(jacobian.dtype).eps
    nothing = rows.amax(1) - rows.amin(1) <= 8 * rounding * rows.abs().amax(1)
    if noise is not None:
        nothing |= torch.linalg.vector_norm(rows, dim=1) <= noise
    centred = (rows - rows.mean(1, keepdim=True)).masked_fill(nothing[:, None], 0)
    return (centred @ centred.T).cpu()


def _gradient(scalar: Tensor, images: Tensor, retain_graph: bool) -> tuple[Tensor, ...]:
    if not scalar.requires_grad:
        return (torch.zeros_like(images),)
    return torch.autograd.grad(scalar, [images], retain_graph=retain_graph, materialize_grads=True)
