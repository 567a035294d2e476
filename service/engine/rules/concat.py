"""Concatenation of channels: y = [x₁, x₂, …]."""

import torch
from torch import Tensor

from service.engine.rules.rule import Motion, Rule


class ConcatRule(Rule):
    keeps_value = False
    keeps_sources = False

    passes_on = True

    def forward(self, *x: Tensor) -> Tensor:
        self._channels = [each.shape[1] for each in x]
        return torch.cat(x, 1)

    def tangent(self, y: Tensor, *ẋ: Motion) -> Motion:
        """ẏ = [ẋ₁, ẋ₂, …], written with the least of their degrees."""
        degree = min(each.degree for each in ẋ)
        written = [each.written_with(degree) for each in ẋ]
        if all(each.rest is None for each in written):
            return Motion(y, None, degree)
        rests = [torch.zeros_like(each.u) if each.rest is None else each.rest for each in written]
        return Motion(y, torch.cat(rests, 1), degree)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        """Its channels' part of A, to each source."""
        return torch.split(A, self._channels, 1)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        parts = self.reverse(C.u)
        if C.rest is None:
            return tuple(Motion(part, None, C.degree) for part in parts)
        rests = self.reverse(C.rest)
        return tuple(Motion(part, rest, C.degree) for part, rest in zip(parts, rests, strict=True))
