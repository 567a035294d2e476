"""What every rule allocates and keeps: the likes of `service.engine.rules` on `Hollow` tensors.

Each holds on to the same values as its original, for as long. Vectors of channels and other trifles
are left out, and what oneDNN takes for itself, which torch does not count either.
"""

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from service.engine.hollow import Hollow, Meter
from service.engine.plan import Step
from service.engine.rules import Layer, Motion, Rule
from service.engine.rules.add import AddRule
from service.engine.rules.rule import Selection
from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shift,
    Zero,
)

_INDEX = 8
"""Bytes of a place in memory."""
_DOUBLE = 8


class Allocations:
    """Makes the rules for a walk over one graph with so many images."""

    def __init__(self, graph: Graph, meter: Meter, images: int, itemsize: int) -> None:
        self.meter = meter
        self._graph = graph
        self.images = images
        self._itemsize = itemsize

    def value(self, index: int) -> Hollow:
        """A tensor of the size of an operation's value."""
        numbers = self.images * prod(self._graph.shapes[index])
        return Hollow(self.meter, numbers, self._itemsize)

    def rule(self, step: Step) -> Rule:
        """The like of a step's rule."""
        numbers = self.images * prod(self._graph.shapes[step.index])
        operation = step.operation
        if isinstance(operation, Convolution | Linear):
            source = self._graph.shapes[operation.source]
            weights = Hollow(self.meter, operation.parameters(source), self._itemsize)
            columns = taps = 0
            if isinstance(operation, Convolution) and operation.kernel > 1 and self._unfolds:
                group = source[0] // operation.groups
                columns = numbers // operation.channels * group * operation.kernel**2
                # Before that the weights without gaps; one group after another, then joined.
                columns = max(columns, weights.numbers) + numbers * (operation.groups > 1)
            if isinstance(operation, Convolution) and 1 < operation.groups == operation.channels:
                border = 2 * operation.padding
                padded = source[0] * (source[1] + border) * (source[2] + border)
                taps = self.images * padded + numbers
            return LayerMemory(weights, numbers, columns, taps)
        if isinstance(operation, Add):
            return AddRule(operation, _none)
        return _RULES[type(operation)](numbers)

    @property
    def _unfolds(self) -> bool:
        """Whether a convolution copies its windows first: oneDNN has no float64."""
        return self._itemsize == _DOUBLE

    def without_norms(self, step: Step) -> Rule:
        """The same, with batch norms as the identity."""
        return IdentityMemory() if isinstance(step.operation, BatchNorm) else self.rule(step)


def _none(name: str) -> Any:
    raise KeyError(name)


class _Memory(Rule):
    def __init__(self, numbers: int) -> None:
        self._numbers = numbers


class _SelectionMemory(Selection):
    def __init__(self, numbers: int) -> None:
        self._numbers = numbers


class LayerMemory(Layer):
    """Of convolutions and linear layers; it keeps its source, its value and its weights."""

    def __init__(self, weight: Any, numbers: int, columns: int, taps: int) -> None:
        self.weight = weight
        self._numbers = numbers
        self._columns = columns
        self._taps = taps

    def forward(self, x: Any) -> Any:
        self._x = x
        self.value = self._made(self._numbers)
        return self.value

    def tangent(self, y: Any, ẋ: Motion) -> Motion:
        self._ẋ = ẋ
        return Motion(y, None if ẋ.rest is None else self._made(self._numbers), ẋ.degree + 1)

    def reverse(self, A: Any) -> tuple[Any, ...]:
        A = A.dense()
        return (self._made(self._x.numbers),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        (back,) = self.reverse(C.u)
        rest = None if C.rest is None else self.reverse(C.rest)[0]
        return (Motion(back, rest, C.degree + 1),)

    def read(self, passes: frozenset[str]) -> None:
        """What `LayerSums.read` takes for a moment."""
        weight: Any = self.weight
        value: Any = self.value
        if "fisher" in passes:
            value.touch(1)
        doubled = _DOUBLE / weight.itemsize
        if passes & {"loss", "curvature"}:
            self.correlate()
            # g, w⊙g, and that in float64 to be summed.
            weight.touch(2 + doubled)
        if "curvature" in passes:
            # g, w⊙g, ġ, g⊙ġ, and that in float64.
            weight.touch(4 + doubled)

    def correlate(self) -> None:
        """What a gradient of the weight takes for a moment, besides itself."""
        weight: Any = self.weight
        weight.meter.touch(self._taps * weight.itemsize)

    def _made(self, numbers: int) -> Any:
        weight: Any = self.weight
        made = weight.new(numbers)
        made.meter.touch(self._columns * made.itemsize)
        return made


class IdentityMemory(Rule):
    passes_on = True

    def __init__(self) -> None:
        """It has nothing of its own."""

    def forward(self, x: Any) -> Any:
        return x.clone()

    def reverse(self, A: Any) -> tuple[Any, ...]:
        return (A,)


class BatchNormMemory(_Memory):
    keeps_value = False

    def forward(self, a: Any) -> Any:
        self._a = a.dense()
        return self._a.new()

    def tangent(self, y: Any, ȧ: Motion) -> Motion:
        rest: Any = ȧ.rest
        self._ã = self._a.new() if rest is None else rest.dense()
        return Motion(y, self._a.new())

    def reverse(self, A: Any) -> tuple[Any, ...]:
        return (self._reversed(A.dense()),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        u: Any = C.u
        rest: Any = C.rest
        A = u.dense()
        C̃ = A.new() if rest is None else rest.dense()
        return (Motion(self._reversed(A), C̃.new(), C.degree),)

    def _reversed(self, A: Any) -> Any:
        back = A.new()
        # The kernel's own.
        back.touch(1)
        return back


class ReLUMemory(_SelectionMemory):
    def forward(self, x: Any) -> Any:
        self._y = x.new() if self.spare_source is None else x
        return self._y

    def along(self, u: Any) -> Any:
        return u.new() if self.spare_source is None else u

    def back(self, u: Any) -> Any:
        return u if self.spare_cotangent else u.new()


class MaxPoolMemory(_SelectionMemory):
    def forward(self, x: Any) -> Any:
        x = x.dense()
        self._source = x.numbers
        self._places = x.new(self._numbers, _INDEX)
        self._fresh = True
        return x.new(self._numbers)

    def along(self, u: Any) -> Any:
        self._place()
        u = u.dense()
        return u.new(self._numbers)

    def back(self, u: Any) -> Any:
        sums = u.new(self._source)
        self._place()
        u = u.dense()
        return sums

    def _place(self) -> None:
        """The places in memory, from those in the image."""
        if self._fresh:
            self._places.touch(1)
            self._fresh = False


class AveragePoolMemory(_SelectionMemory):
    def forward(self, x: Any) -> Any:
        x = x.dense()
        self._source = x.numbers
        return x.new(self._numbers)

    def along(self, u: Any) -> Any:
        return u.new(self._numbers)

    def back(self, u: Any) -> Any:
        # Scaled first, or by a kernel that reads a tensor of the source's shape.
        made = u.new(self._source)
        made.touch(1)
        return made


class GlobalAveragePoolMemory(_SelectionMemory):
    passes_on = True

    def forward(self, x: Any) -> Any:
        self._source = x.numbers
        return self.along(x)

    def along(self, u: Any) -> Any:
        return u.new(self._numbers)

    def back(self, u: Any) -> Any:
        return u.new().view(self._source)


class CropMemory(_SelectionMemory):
    def forward(self, x: Any) -> Any:
        x = x.dense()
        self._source = x.numbers
        return self.along(x)

    def along(self, u: Any) -> Any:
        return u.view(self._numbers)

    def back(self, u: Any) -> Any:
        return u.new(self._source)


class ShiftMemory(_SelectionMemory):
    keeps_value = False
    keeps_sources = False

    def forward(self, x: Any) -> Any:
        return x.new()

    def along(self, u: Any) -> Any:
        return u.new()

    def back(self, u: Any) -> Any:
        return u.new()


class ConcatMemory(_Memory):
    passes_on = True

    def forward(self, *x: Any) -> Any:
        self._parts = [each.numbers for each in x]
        return x[0].new(self._numbers)

    def tangent(self, y: Any, *ẋ: Motion) -> Motion:
        degree = min(each.degree for each in ẋ)
        written = [each.written_with(degree) for each in ẋ]
        if all(each.rest is None for each in written):
            return Motion(y, None, degree)
        rests: list[Any] = [each.u.clone() if each.rest is None else each.rest for each in written]
        return Motion(y, rests[0].new(self._numbers), degree)

    def reverse(self, A: Any) -> tuple[Any, ...]:
        return tuple(A.view(part) for part in self._parts)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        us = self.reverse(C.u)
        rests = (None,) * len(us) if C.rest is None else self.reverse(C.rest)
        return tuple(Motion(u, rest, C.degree) for u, rest in zip(us, rests, strict=True))


class ZeroMemory(_Memory):
    def forward(self, x: Any) -> Any:
        return x.new()

    def tangent(self, y: Any, ẋ: Motion) -> Motion:
        return Motion(y)

    def reverse(self, A: Any) -> tuple[Any, ...]:
        return (A.new(),)

    def reverse_tangent(self, C: Motion) -> tuple[Motion, ...]:
        return tuple(Motion(u) for u in self.reverse(C.u))


_RULES: Mapping[type[Operation], Callable[[int], Rule]] = MappingProxyType(
    {
        AveragePool: AveragePoolMemory,
        BatchNorm: BatchNormMemory,
        Concat: ConcatMemory,
        Crop: CropMemory,
        GlobalAveragePool: GlobalAveragePoolMemory,
        MaxPool: MaxPoolMemory,
        ReLU: ReLUMemory,
        Shift: ShiftMemory,
        Zero: ZeroMemory,
    }
)
