"""On how many ReLUs two images agree."""

import torch
from torch import Tensor


class Agreements:
    """Adds up, ReLU by ReLU, c cᵀ + (1 - c)(1 - c)ᵀ for c = [value > 0], one row an image.

    With D numbers a row and n_i of them positive in row i, that is 2 c_i·c_j + D - n_i - n_j, and
    n_i = c_i·c_i: one product of zeros and ones.
    """

    def __init__(self, images: int, device: torch.device) -> None:
        self._products = torch.zeros(images, images, dtype=torch.float64, device=device)
        self._length = 0

    def add(self, active: Tensor, copies: int) -> None:
        """Takes a ReLU's signs (N, D), as often as the network has it."""
        self._products.add_(_product(active), alpha=copies)
        self._length += copies * active.shape[1]

    def matrix(self) -> Tensor:
        """(N, N) float64 whole numbers, on the CPU."""
        counts = self._products.diagonal()
        return (2 * self._products - counts[:, None] - counts + self._length).cpu()


def signs(value: Tensor) -> Tensor:
    """Whether each number of a ReLU's value, which is never negative, is positive: (N, D) bool."""
    # Flattened as it lies in memory, which copies nothing; what is not 0 is positive.
    return value.movedim(1, -1).flatten(1).to(torch.bool)


def _product(active: Tensor) -> Tensor:
    """c cᵀ, exact: of bytes, or of float32, which holds whole numbers up to 2²⁴.

    Bytes take a quarter of the time. torch 2.13 answers garbage for those of one column.
    """
    if active.device.type == "cpu" and active.shape[1] > 1:
        bytes_ = active.view(torch.int8)
        return torch._int_mm(bytes_, bytes_.T)
    numbers = active.float()
    return numbers @ numbers.T
