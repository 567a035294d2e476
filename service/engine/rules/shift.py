"""Shift: y is x one cell further up and to the left."""

from torch import Tensor
from torch.nn import functional as F

from service.engine.rules.rule import Parameters, Selection
from service.graph import Shift


class ShiftRule(Selection):
    """P drops the first row and column and puts zeros behind the last."""

    keeps_value = False
    keeps_sources = False

    def __init__(self, operation: Shift, parameters: Parameters) -> None:
        """It has nothing of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return self.along(x)

    def along(self, u: Tensor) -> Tensor:
        return F.pad(u, (-1, 1, -1, 1))

    def back(self, u: Tensor) -> Tensor:
        return F.pad(u, (1, -1, 1, -1))
