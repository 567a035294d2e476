"""Average pooling: each window's mean over the cells inside the image."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from service.engine.rules.layout import dense
from service.engine.rules.rule import Parameters, Selection
from service.graph import AveragePool

_backward = torch.ops.aten.avg_pool2d_backward.default


class AveragePoolRule(Selection):
    """P sums windows and divides by how many of their cells lie inside."""

    keeps_value = False
    keeps_sources = False

    def __init__(self, operation: AveragePool, parameters: Parameters) -> None:
        self._kernel = operation.kernel
        self._stride = operation.stride
        self._padding = operation.padding

    def forward(self, x: Tensor) -> Tensor:
        x = dense(x)
        self._source = x.shape, x.stride()
        centred = self._stride == 1 and self._kernel == 2 * self._padding + 1
        # oneDNN has no float64, in which this would be slower.
        self._convolves = centred and x.dtype == torch.float32 and x.device.type == "cpu"
        if self._convolves:
            self._ones, self._share = _windows(x.shape[1:], self._kernel)
        return self.along(x)

    def along(self, u: Tensor) -> Tensor:
        if self._convolves:
            return self._window_sums(u).mul_(self._share)
        window = (self._kernel, self._stride, self._padding)
        return F.avg_pool2d(u, *window, count_include_pad=False)

    def back(self, u: Tensor) -> Tensor:
        if self._convolves:
            return self._window_sums(u * self._share)
        kernel, stride, padding = ([n, n] for n in (self._kernel, self._stride, self._padding))
        # Of the source only the shape and the layout are read.
        source = u.new_empty_strided(*self._source)
        found: Tensor = _backward(u, source, kernel, stride, padding, False, False, None)
        return found

    def _window_sums(self, u: Tensor) -> Tensor:
        """As a convolution with ones, which is five to eight times as fast as torch's pooling.

        A centred window contains another's centre where that one contains its own: the sums are
        their own transpose.
        """
        return torch.conv2d(u, self._ones, None, 1, self._padding, 1, u.shape[1])


@lru_cache(maxsize=64)
def _windows(shape: torch.Size, kernel: int) -> tuple[Tensor, Tensor]:
    """Ones for the sums, and by cell one over how many cells of its window lie inside."""
    C, H, W = shape
    ones = torch.ones(C, 1, kernel, kernel)
    inside = torch.conv2d(torch.ones(1, 1, H, W), ones[:1], None, 1, kernel // 2)
    return ones, inside.reciprocal_()
