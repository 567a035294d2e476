"""Max pooling: each window's largest value."""

from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from service.engine.rules.layout import dense, in_memory_order, laid_out
from service.engine.rules.rule import Parameters, Selection
from service.graph import MaxPool


class MaxPoolRule(Selection):
    """P takes, for each window, the place of its largest value (of equal ones the first)."""

    keeps_value = False
    keeps_sources = False

    def __init__(self, operation: MaxPool, parameters: Parameters) -> None:
        self._window = [[n, n] for n in (operation.kernel, operation.stride, operation.padding)]

    def forward(self, x: Tensor) -> Tensor:
        x = dense(x)
        kernel, stride, padding = self._window
        y, self._indices = F.max_pool2d_with_indices(x, kernel, stride, padding)
        self._source, self._value = (x.shape, x.stride()), (y.shape, y.stride())
        self._places: Tensor | None = None
        return y

    def along(self, u: Tensor) -> Tensor:
        _, strides = self._source
        # By places in memory: four times as fast as gathering within each image and channel.
        chosen = torch.index_select(in_memory_order(laid_out(u, strides)), 0, self.places)
        return chosen.as_strided(*self._value)

    def back(self, u: Tensor) -> Tensor:
        shape, strides = self._source
        sums = u.new_zeros(prod(shape))
        # Not torch's own backward: on a GPU its additions come in any order.
        sums.scatter_add_(0, self.places, in_memory_order(laid_out(u, self._value[1])))
        return sums.as_strided(shape, strides)

    @property
    def places(self) -> Tensor:
        """Where in the source's memory each number of the value comes from."""
        if self._places is None:
            (N, C, *_), strides = self._value
            of_image, of_channel, _, of_column = self._source[1]
            device = self._indices.device
            images = torch.arange(N, device=device)[:, None, None, None] * of_image
            channels = torch.arange(C, device=device)[:, None, None] * of_channel
            places = (self._indices * of_column).add_(images).add_(channels)
            self._places = in_memory_order(laid_out(places, strides))
            del self._indices
        return self._places
