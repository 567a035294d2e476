"""How many ReLUs' columns differ: which images each switches on."""

import numpy as np
import torch
from torch import Tensor

_WORD = 64
"""Bits of an int64."""


class Columns:
    """Packs, ReLU by ReLU, the column of every unit's signs over N images into ⌈N/64⌉ words."""

    def __init__(self) -> None:
        self._packed: list[Tensor] = []

    def add(self, active: Tensor) -> None:
        """Takes signs (N, D): whether an image switches a unit on; the same N each time.

        A copy of a ReLU adds no column that differs, so one of them is enough.
        """
        rows = 8 * -(-len(active) // _WORD)
        packed = active.new_zeros((rows, active.shape[1]), dtype=torch.uint8)
        # One bit of so many bytes at a time. Which image gets which bit changes no count.
        for bit, first in enumerate(range(0, len(active), rows)):
            chosen = active[first : first + rows]
            packed[: len(chosen)].add_(chosen.view(torch.uint8), alpha=2**bit)
        self._packed.append(packed.T.flatten().view(torch.int64).view(-1, rows // 8))

    def distinct(self) -> int:
        """How many of the columns differ; 0 without a ReLU. What was taken is used up."""
        if not self._packed:
            return 0
        packed = torch.cat(self._packed)
        self._packed.clear()
        words = packed.cpu().numpy()
        if words.shape[1] > 1:
            return len(np.unique(words, axis=0))
        # In place: numpy sorts words several times as fast as it finds the distinct ones.
        column = words[:, 0]
        column.sort()
        return int(np.count_nonzero(column[1:] != column[:-1])) + 1
