"""Convolution: y = w * x."""

import torch
from torch import Tensor
from torch.nn import functional as F

from service.engine.rules.layout import for_kernels
from service.engine.rules.rule import Layer, Motion, Parameters
from service.graph import Convolution

_backward = torch.ops.aten.convolution_backward.default


class ConvolutionRule(Layer):
    """wᵀ is the transposed convolution, A ⋆ x the correlation that gives a weight's gradient."""

    def __init__(self, operation: Convolution, parameters: Parameters) -> None:
        self.weight = parameters(f"{operation.slot}/weight")
        self._stride = [operation.stride] * 2
        self._padding = [operation.padding] * 2
        self._groups = operation.groups
        self._by_channel = operation.groups == operation.channels and self.weight.shape[1] == 1

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        self.value = self.product = self._convolved(x)
        return self.value

    def tangent(self, y: Tensor, ẋ: Motion) -> Motion:
        """ẏ = w * ẋ + w * x, and the second term is y: one more degree."""
        self._ẋ = ẋ
        return Motion(y, None if ẋ.rest is None else self._convolved(ẋ.rest), ẋ.degree + 1)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        """wᵀ A."""
        return (self._transposed(A),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        """wᵀ C + wᵀ A."""
        rest = None if C.rest is None else self._transposed(C.rest)
        return (Motion(self._transposed(C.u), rest, C.degree + 1),)

    def gradient(self, A: Tensor) -> Tensor:
        """g = A ⋆ x."""
        return self._correlated(A, self._x)

    def gradient_tangent(self, C: Motion, g: Tensor) -> Motion:
        """ġ = C ⋆ x + A ⋆ ẋ."""
        rest = None if C.rest is None else self._correlated(C.rest, self._x)
        if self._ẋ.rest is not None:
            other = self._correlated(C.u, self._ẋ.rest)
            rest = other if rest is None else rest.add_(other)
        return Motion(g, rest, C.degree + self._ẋ.degree)

    def _convolved(self, x: Tensor) -> Tensor:
        return torch.conv2d(x, self.weight, None, self._stride, self._padding, [1, 1], self._groups)

    def _transposed(self, A: Tensor) -> Tensor:
        return self._backwards(A, self._x, [True, False, False])[0]

    def _correlated(self, A: Tensor, x: Tensor) -> Tensor:
        if self._by_channel and self._groups > 1:
            return self._correlated_by_channel(A, x)
        return self._backwards(A, x, [False, True, False])[1]

    def _correlated_by_channel(self, A: Tensor, x: Tensor) -> Tensor:
        """Tap by tap: for five by five oneDNN takes 257 times the weight's memory, and longer."""
        stride, padding = self._stride[0], self._padding[0]
        height, width = ((size - 1) * stride + 1 for size in A.shape[2:])
        padded = F.pad(x, [padding] * 4)
        rows, columns = self.weight.shape[2:]
        taps = [
            (A * padded[:, :, i : i + height : stride, j : j + width : stride]).sum((0, 2, 3))
            for i in range(rows)
            for j in range(columns)
        ]
        return for_kernels(torch.stack(taps, 1).view(self.weight.shape))

    def _backwards(self, A: Tensor, x: Tensor, which: list[bool]) -> tuple[Tensor, Tensor, Tensor]:
        found: tuple[Tensor, Tensor, Tensor] = _backward(
            *(A, x, self.weight, None, self._stride, self._padding, [1, 1]),
            *(False, [0, 0], self._groups, which),
        )
        return found
