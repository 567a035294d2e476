"""Convolution: y = w * x."""

import torch
from torch import Tensor

from service.engine.rules.rule import Layer, Motion, Parameters
from service.graph import Convolution

_backward = torch.ops.aten.convolution_backward.default


class ConvolutionRule(Layer):
    """wᵀ is the transposed convolution, A ⋆ x the correlation that gives a weight's gradient."""

    def __init__(self, operation: Convolution, parameters: Parameters) -> None:
        self.weight = parameters(f"{operation.slot}/weight")
        self._stride = [operation.stride] * 2
        self._padding = [operation.padding] * 2

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
        return torch.conv2d(x, self.weight, None, self._stride, self._padding)

    def _transposed(self, A: Tensor) -> Tensor:
        return self._backwards(A, self._x, [True, False, False])[0]

    def _correlated(self, A: Tensor, x: Tensor) -> Tensor:
        return self._backwards(A, x, [False, True, False])[1]

    def _backwards(self, A: Tensor, x: Tensor, which: list[bool]) -> tuple[Tensor, Tensor, Tensor]:
        found: tuple[Tensor, Tensor, Tensor] = _backward(
            A, x, self.weight, None, self._stride, self._padding, [1, 1], False, [0, 0], 1, which
        )
        return found
