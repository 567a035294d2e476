"""Sum: y = x₁ + x₂ + …"""

import torch
from torch import Tensor

from service.engine.rules.rule import Motion, Parameters, Rule
from service.graph import Add


class AddRule(Rule):
    keeps_value = False
    keeps_sources = False

    passes_on = True

    def __init__(self, operation: Add, parameters: Parameters) -> None:
        self._count = len(operation.sources)

    def forward(self, *x: Tensor) -> Tensor:
        return _sum(list(x), self.spare_source)

    def tangent(self, y: Tensor, *ẋ: Motion) -> Motion:
        """ẏ = ẋ₁ + ẋ₂ + …, written with the least of their degrees."""
        degree = min(each.degree for each in ẋ)
        rests = [each.written_with(degree).rest for each in ẋ]
        present = [rest for rest in rests if rest is not None]
        return Motion(y, _sum(present, None) if present else None, degree)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        """A, to each source."""
        return (A,) * self._count

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        return (C,) * self._count


def _sum(terms: list[Tensor], spare: int | None) -> Tensor:
    """The sum of the terms from left to right, in the memory of the spare one if it comes first."""
    if len(terms) == 1:
        return terms[0].clone()
    into = terms[spare] if spare in (0, 1) else None
    total = torch.add(terms[0], terms[1], out=into)
    for term in terms[2:]:
        total += term
    return total
