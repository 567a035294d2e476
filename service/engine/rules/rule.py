"""What a rule is: one operation's forward, tangent, reverse and reverse-tangent.

t scales the weights: every weight of a convolution or linear layer is w·(1 + t), and a dot is the
derivative in t at 0. Biases and batch norms' scales and shifts stand still. `docs/sweep.md` derives
every rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Parameters = Callable[[str], Tensor]
"""The parameter of a name, `<slot>/weight` or `<slot>/bias`."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A tensor u and how it moves: u̇ = rest + degree·u, where no rest is a rest of 0.

    Most of what scaled weights do to a value is to scale it: k layers in a row give u̇ = k·u. That
    part is a whole number here, exact and free.
    """

    u: Tensor
    rest: Tensor | None = None
    degree: int = 0

    def written_with(self, degree: int) -> "Motion":
        """The same motion with another degree."""
        surplus = self.degree - degree
        if surplus == 0:
            return self
        if self.rest is None:
            return Motion(self.u, self.u * surplus, degree)
        return Motion(self.u, torch.add(self.rest, self.u, alpha=surplus), degree)


class Rule:
    """One operation of one network, from its forward to its reverse.

    `forward` comes first and keeps what the others need. A, B and C are cotangents of the
    operation's value: of the loss, of the summed logits, and the motion of A.
    """

    def __init__(self, operation: Any, parameters: Parameters) -> None:
        """Of an operation of the rule's kind."""

    forward: Callable[..., Tensor]
    """The value y, from the sources' values."""

    tangent: Callable[..., Motion]
    """The motion of y, from y and the sources' motions."""

    reverse: Callable[[Tensor], tuple[Tensor, ...]]
    """A cotangent of every source from one of y; the same for A and B."""

    reverse_tangent: Callable[[Motion], tuple[Motion, ...]]
    """The motion of every `reverse(A)`, from that of A."""

    keeps_value = True
    """Whether the value is needed after the forward, or lies in memory that is."""

    keeps_sources = True
    """Whether the sources' values are."""

    spare_source: int | None = None
    """Which source, by place, nobody needs any more: the forward may use its memory."""

    spare_cotangent = False
    """Whether nobody else holds what `reverse` or `reverse_tangent` is given next."""

    passes_on = False
    """Whether `reverse` answers the very cotangent, or a part of it, instead of something new."""


class Layer(Rule):
    """A rule with a weight w."""

    weight: Tensor
    value: Tensor
    """The forward's y."""
    product: Tensor
    """y less what does not scale with w: w x without a bias."""

    gradient: Callable[[Tensor], Tensor]
    """g = ∂L/∂w, from A."""

    gradient_tangent: Callable[[Motion, Tensor], Motion]
    """The motion of g, from that of A and g."""


class Selection(Rule):
    """An operation of one source that is linear once the forward has chosen: y = P x.

    P does not move (where it jumps, at a ReLU's 0 or a tie of two maxima, there is no derivative),
    so the other rules are P and its transpose again.
    """

    along: Callable[[Tensor], Tensor]
    """P u, for a u of the source's shape."""

    back: Callable[[Tensor], Tensor]
    """Pᵀ u, for a u of the value's shape."""

    def tangent(self, y: Tensor, ẋ: Motion) -> Motion:
        return Motion(y, None if ẋ.rest is None else self.along(ẋ.rest), ẋ.degree)

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        return (self.back(A),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        rest = None if C.rest is None else self.back(C.rest)
        return (Motion(self.back(C.u), rest, C.degree),)
