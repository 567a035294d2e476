"""Batch norm with batch statistics: y = γ x̂ + β, x̂ = r (a - μ), r = 1/√(σ² + ε).

Means are over images and space, one a channel, and so are μ and σ².
"""

import torch
from torch import Tensor

from service.engine.rules.layout import dense, laid_out
from service.engine.rules.rule import Motion, Parameters, Rule
from service.graph import BatchNorm

EPSILON = 1e-5
_backward = torch.ops.aten.native_batch_norm_backward.default


class BatchNormRule(Rule):
    """Vectors of channels are kept as sums where a mean is meant: `_r_M` is r/M, M the count."""

    keeps_value = False

    def __init__(self, operation: BatchNorm, parameters: Parameters) -> None:
        self._γ = parameters(f"{operation.slot}/weight")
        self._β = parameters(f"{operation.slot}/bias")

    def forward(self, a: Tensor) -> Tensor:
        self._a = dense(a)
        self._strides = self._a.stride()
        y, self._μ, self._r = torch.native_batch_norm(
            self._a, self._γ, self._β, None, None, True, 0.0, EPSILON
        )
        return y

    def variances(self) -> Tensor:
        """σ² of every channel, float64 (C,). 0 where it is ε's rounding."""
        σσ = self._r.double().pow(-2) - EPSILON
        return σσ.where(σσ > 1e-6 * EPSILON, 0.0)

    def tangent(self, y: Tensor, ȧ: Motion) -> Motion:
        """ẏ = γ (r (ȧ - mean ȧ) - r s x̂), s = mean(x̂ ȧ), for ṙ = -r² s.

        A norm undoes scaling, but for ε: of the d·a in ȧ = ã + d·a only d ε r² γ x̂ is left, for
        mean(x̂ a) = (1 - ε r²)/r. So ẏ = γ r (ã - mean ã - along x̂) with
        along = mean(x̂ ã) - d ε r, and r s = ρ + d with ρ = r along.
        """
        self._degree = ȧ.degree
        self._ã = torch.zeros_like(self._a) if ȧ.rest is None else laid_out(ȧ.rest, self._strides)
        M = self._a.numel() // self._r.numel()
        # What every rule below multiplies by, once.
        self._r_M = self._r / M
        self._rμ = self._r * self._μ
        self._γr = self._γ * self._r
        self._γr_M = self._γr / M
        self._γrr_M = self._γr * self._r_M
        self._sum, along = self._sums(self._ã)
        along = torch.add(along, self._r, alpha=-ȧ.degree * EPSILON * M)
        self._ρ = along * self._r_M
        self._mean = self._sum / M
        return Motion(y, self._normed(self._ã, self._sum, along))

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        """γ r (A - mean A - q x̂), q = mean(x̂ A): the Jacobian is symmetric."""
        back, _ = self._reversed(A)
        return (back,)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        """The product rule on `reverse`; x̂ moves by x̂' = r (ã - mean ã) - ρ x̂:

        γ r (C - mean C - mean(x̂ C) x̂ - p x̂ - q x̂') - r s reverse(A), p = mean(x̂' A).

        The same, by what it multiplies, with p = p' - ρ q and p' = mean(r (ã - mean ã) A):

        γ r (C - (mean C - r q mean ã) - (mean(x̂ C) + p' - 2 ρ q) x̂) - γ r² q ã - r s reverse(A).

        As r s = ρ + d, and of C = C̃ + e·A the second part gives e·reverse(A), the degree is e - d.
        """
        A = laid_out(C.u, self._strides)
        C̃ = torch.zeros_like(A) if C.rest is None else laid_out(C.rest, self._strides)
        back, q = self._reversed(A)
        shift, along = self._sums(C̃)
        shift = torch.addcmul(shift, q * self._r_M, self._sum, value=-1)
        along += self._correlation(A, self._ã, self._mean)
        along = torch.addcmul(along, self._ρ, q, value=-2)
        rest = self._normed(C̃, shift, along)
        rest.addcmul_(self._ã, _wide(q * self._γrr_M), value=-1)
        rest.addcmul_(back, _wide(self._ρ), value=-1)
        return (Motion(back, rest, C.degree - self._degree),)

    def _reversed(self, A: Tensor) -> tuple[Tensor, Tensor]:
        """`reverse` of A, and M q."""
        back, q, _ = self._backwards(
            laid_out(A, self._strides), self._a, self._γ, self._μ, [True, True, False]
        )
        return back, q

    def _normed(self, u: Tensor, shift: Tensor, along: Tensor) -> Tensor:
        """γ r (u - mean - along x̂), of M times the mean and M times along."""
        constant = torch.addcmul(shift, along, self._rμ, value=-1).mul_(self._γr_M).neg_()
        # Each pass reads one large tensor.
        normed: Tensor = torch.addcmul(
            _wide(constant), self._a, _wide(along * self._γrr_M), value=-1
        )
        normed.addcmul_(u, _wide(self._γr))
        return normed

    def _sums(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """M mean u and M mean(x̂ u), in one pass: the gradients of the shift and the scale."""
        _, along, total = self._backwards(u, self._a, None, self._μ, [False, True, True])
        return total, along

    def _correlation(self, u: Tensor, v: Tensor, mean: Tensor) -> Tensor:
        """M mean(u r (v - mean)), the same sum of a v with its own mean."""
        return self._backwards(u, v, None, mean, [False, True, False])[1]

    def _backwards(
        self, u: Tensor, v: Tensor, γ: Tensor | None, mean: Tensor, which: list[bool]
    ) -> tuple[Tensor, Tensor, Tensor]:
        found: tuple[Tensor, Tensor, Tensor] = _backward(
            u, v, γ, None, None, mean, self._r, True, EPSILON, which
        )
        return found


def _wide(channels: Tensor) -> Tensor:
    return channels.view(-1, 1, 1)
