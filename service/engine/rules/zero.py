"""Zero: 0, whatever the source."""

import torch
from torch import Tensor

from service.engine.rules.rule import Motion, Rule


class ZeroRule(Rule):
    """Nothing comes through, in either direction."""

    keeps_value = False
    keeps_sources = False

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)

    def tangent(self, y: Tensor, ẋ: Motion) -> Motion:
        return Motion(y)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros_like(A),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        return (Motion(torch.zeros_like(C.u)),)
