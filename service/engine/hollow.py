"""Tensors without numbers: they know how large they are, and count while somebody holds them."""

from collections.abc import Mapping
from typing import Any

import torch


class Meter:
    """The bytes held, and the most that were."""

    def __init__(self) -> None:
        self.held = 0
        self.peak = 0

    def take(self, count: int) -> None:
        self.held += count
        self.peak = max(self.peak, self.held)

    def give(self, count: int) -> None:
        self.held -= count

    def touch(self, count: int) -> None:
        """For what is taken and given back at once."""
        self.peak = max(self.peak, self.held + count)


class _Block:
    """Memory, given back with the last reference to it, as torch does."""

    __slots__ = ("_bytes", "_meter")

    def __init__(self, meter: Meter, count: int) -> None:
        self._meter, self._bytes = meter, count
        meter.take(count)

    def __del__(self) -> None:
        self._meter.give(self._bytes)


class Hollow:
    """Stands for a tensor in the walks. An operation on it makes something of the same size."""

    __slots__ = ("_block", "gapless", "itemsize", "meter", "numbers")

    def __init__(
        self, meter: Meter, numbers: int, itemsize: int, within: "Hollow | None" = None
    ) -> None:
        self.meter = meter
        self.numbers = numbers
        self.itemsize = itemsize
        self.gapless = within is None
        self._block: _Block = _Block(meter, numbers * itemsize) if within is None else within._block

    def new(self, numbers: int | None = None, itemsize: int | None = None) -> "Hollow":
        """Something of its own, by default of the same size."""
        return Hollow(
            self.meter,
            self.numbers if numbers is None else numbers,
            self.itemsize if itemsize is None else itemsize,
        )

    def view(self, numbers: int) -> "Hollow":
        """In the same memory, but not as it lies there."""
        return Hollow(self.meter, numbers, self.itemsize, within=self)

    def dense(self) -> "Hollow":
        """Itself, or a copy as it lies in memory."""
        return self if self.gapless else self.new()

    def touch(self, times: float) -> None:
        """So many more of its size for a moment."""
        self.meter.touch(int(times * self.numbers * self.itemsize))

    def clone(self) -> "Hollow":
        return self.new()

    def __mul__(self, factor: object) -> "Hollow":
        return self.new()

    def __iadd__(self, other: object) -> "Hollow":
        return self

    def add_(self, other: object) -> "Hollow":
        return self

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """The sums that walks and rules make."""
        if func is not torch.add:
            return NotImplemented
        into = (kwargs or {}).get("out")
        return args[0].new() if into is None else into
