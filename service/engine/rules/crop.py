"""Crop: the first channels."""

from torch import Tensor

from service.engine.rules.layout import dense
from service.engine.rules.rule import Parameters, Selection
from service.graph import Crop


class CropRule(Selection):
    """P drops the other channels, Pᵀ puts zeros in their place."""

    def __init__(self, operation: Crop, parameters: Parameters) -> None:
        self._channels = operation.channels

    def forward(self, x: Tensor) -> Tensor:
        x = dense(x)
        self._shape, self._strides = x.shape, x.stride()
        return self.along(x)

    def along(self, u: Tensor) -> Tensor:
        return u[:, : self._channels]

    def back(self, u: Tensor) -> Tensor:
        whole = u.new_empty_strided(self._shape, self._strides).zero_()
        whole[:, : self._channels] = u
        return whole
