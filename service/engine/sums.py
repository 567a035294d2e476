"""The sums that `Measurements` keeps of a layer, in float64."""

from collections.abc import Sequence

import torch
from torch import Tensor


def product(left: Tensor, right: Tensor) -> Tensor:
    """left⊙right."""
    return left.detach().double() * right.detach().double()


def norm(tensor: Tensor, order: float = 2) -> Tensor:
    """‖tensor‖₂, or of another order."""
    found: Tensor = torch.linalg.vector_norm(tensor.detach(), order, dtype=torch.float64)
    return found


def floats(scalars: Sequence[Tensor]) -> tuple[float, ...]:
    """Copies all scalars from the device at once."""
    return tuple(torch.stack(list(scalars)).tolist()) if scalars else ()
