"""ReLU: y = max(x, 0)."""

import torch
from torch import Tensor

from service.engine.rules.rule import Selection

_backward = torch.ops.aten.threshold_backward.grad_input


class ReLURule(Selection):
    """P keeps what is positive."""

    keeps_sources = False

    def forward(self, x: Tensor) -> Tensor:
        self._y = torch.relu(x) if self.spare_source is None else torch.relu_(x)
        return self._y

    def along(self, u: Tensor) -> Tensor:
        return _masked(u, self._y, torch.empty_like(self._y) if self.spare_source is None else u)

    def back(self, u: Tensor) -> Tensor:
        return _masked(u, self._y, u if self.spare_cotangent else torch.empty_like(self._y))


def _masked(u: Tensor, y: Tensor, into: Tensor) -> Tensor:
    masked: Tensor = _backward(u, y, 0, grad_input=into)
    return masked
