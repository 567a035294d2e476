"""Cotangents on their way from a value's readers to the operation that made it."""

import torch
from torch import Tensor

from service.engine.rules import Motion


class Cotangents:
    """By value, the sum of what its readers have given so far."""

    def __init__(self) -> None:
        self._sums: dict[int, Tensor] = {}
        self._spare: dict[int, bool] = {}

    def add(self, index: int, u: Tensor, spare: bool) -> None:
        """Gives u to a value; `spare` says that nobody else holds u, so that it may change."""
        held = self._sums.get(index)
        if held is None:
            self._sums[index], self._spare[index] = u, spare
        elif self._spare[index]:
            held += u
        else:
            self._sums[index] = u.add_(held) if spare else torch.add(held, u)
            self._spare[index] = True

    def take(self, index: int) -> tuple[Tensor, bool] | None:
        """The whole sum, and whether it is spare; None where no reader gave anything."""
        if index not in self._sums:
            return None
        return self._sums.pop(index), self._spare.pop(index)


class MovingCotangents:
    """The same of cotangents that move."""

    def __init__(self) -> None:
        self._us = Cotangents()
        self._rests = Cotangents()
        self._degrees: dict[int, int] = {}

    def add(self, index: int, motion: Motion, spare: bool) -> None:
        written = motion.written_with(self._degrees.setdefault(index, motion.degree))
        if written.rest is not None:
            self._rests.add(index, written.rest, spare or written is not motion)
        self._us.add(index, written.u, spare)

    def take(self, index: int) -> tuple[Motion, bool] | None:
        found = self._us.take(index)
        if found is None:
            return None
        u, spare = found
        rest, spare_rest = self._rests.take(index) or (None, True)
        return Motion(u, rest, self._degrees.pop(index)), spare and spare_rest
