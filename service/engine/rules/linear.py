"""Fully connected layer: y = x Wᵀ + b."""

import torch
from torch import Tensor

from service.engine.rules.rule import Layer, Motion, Parameters
from service.graph import Linear


class LinearRule(Layer):
    def __init__(self, operation: Linear, parameters: Parameters) -> None:
        self.weight = parameters(f"{operation.slot}/weight")
        self._bias = parameters(f"{operation.slot}/bias")

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        self.product = x @ self.weight.T
        self.value = self.product + self._bias
        return self.value

    def tangent(self, y: Tensor, ẋ: Motion) -> Motion:
        """ẏ = ẋ Wᵀ + x Wᵀ, which for ẋ = rest + d·x is rest Wᵀ + (d + 1)(y - b)."""
        self._ẋ = ẋ
        degree = ẋ.degree + 1
        if ẋ.rest is None:
            return Motion(y, (-degree * self._bias).expand_as(y), degree)
        rest = torch.addmm(self._bias, ẋ.rest, self.weight.T, beta=-degree)
        return Motion(y, rest, degree)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        """A W."""
        return (A @ self.weight,)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        """C W + A W."""
        rest = None if C.rest is None else C.rest @ self.weight
        return (Motion(C.u @ self.weight, rest, C.degree + 1),)

    def gradient(self, A: Tensor) -> Tensor:
        """g = Aᵀ x."""
        return A.T @ self._x

    def gradient_tangent(self, C: Motion, g: Tensor) -> Motion:
        """ġ = Cᵀ x + Aᵀ ẋ."""
        rest = None if C.rest is None else C.rest.T @ self._x
        if self._ẋ.rest is not None:
            other = C.u.T @ self._ẋ.rest
            rest = other if rest is None else rest.add_(other)
        return Motion(g, rest, C.degree + self._ẋ.degree)
