"""Streams of random integers, each with a name: a seed gives the same search everywhere."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeVar

from service.benches.draws import integers

Draw = Callable[[int], int]
"""`draw(below)`: uniform over 0 .. below - 1."""

T = TypeVar("T")

_STEPS = 2**53
"""Doubles between 0 and 1 at equal distances, as `fraction` draws them."""


def named(name: str) -> Draw:
    """The stream that is keyed by the first half of the name's SHA-256, from its beginning."""
    return integers(int.from_bytes(sha256(name.encode()).digest()[:16], "little"))


def fraction(draw: Draw) -> float:
    """Uniform from 0 to 1, without 1."""
    return draw(_STEPS) / _STEPS


def choice(draw: Draw, of: Sequence[T]) -> T:
    """One of them, each as likely."""
    return of[draw(len(of))]


def chosen(draw: Draw, of: Sequence[T], n: int) -> list[T]:
    """n of them without replacement, or all where there are fewer, in a random order."""
    left = list(of)
    found = []
    for _ in range(min(n, len(left))):
        place = draw(len(left))
        # The last one takes the place, so that no other has to move.
        left[place], left[-1] = left[-1], left[place]
        found.append(left.pop())
    return found
