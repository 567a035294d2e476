"""The Gram matrix of the images' Jacobian rows."""

import torch
from torch import Tensor


def gram(jacobian: Tensor) -> Tensor:
    """J Jᵀ of the rows (N, ...) less their means, in float64: `Measurements.jacobian_gram`."""
    rows = jacobian.flatten(1).double()
    rounding = 8 * torch.finfo(jacobian.dtype).eps
    spread = rows.amax(1) - rows.amin(1)
    constant = spread <= rounding * rows.abs().amax(1)
    centred = (rows - rows.mean(1, keepdim=True)).masked_fill(constant[:, None], 0)
    return (centred @ centred.T).cpu()
