"""The members of a set: what a score says of each, and the accuracy that training gave it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST = 20
"""Architectures: an interval from fewer says little more than from minus one to one."""


@dataclass(frozen=True)
class Members:
    """Architectures, or spellings of them, with a score and a trained accuracy each.

    `architectures`, `scores` and `accuracies` have shape (members,). Which numbers an architecture
    has does not matter, their order does: it decides what the bootstrap draws.
    """

    architectures: Integers
    """Whose spelling each is: all spellings of one architecture are drawn together."""
    scores: Floats
    """NaN where the score is undefined."""
    accuracies: Floats
    larger: bool
    """Whether the larger score promises the better architecture: the catalogue's direction."""

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def sign(self) -> int:
        return 1 if self.larger else -1

    @property
    def undefined(self) -> int:
        """How many members have no score."""
        return int(np.isnan(self.scores).sum())

    @cached_property
    def owners(self) -> Integers:
        """The architectures, numbered from 0 in their order."""
        return dense(self.architectures)

    @cached_property
    def merits(self) -> Integers:
        """The place of each score among the different ones, the best having the largest number.

        An undefined score is behind all others, tied with the other undefined ones.
        """
        return dense(np.where(np.isnan(self.scores), -np.inf, self.sign * self.scores))

    @cached_property
    def truths(self) -> Integers:
        """The place of each accuracy among the different ones, the best having the largest."""
        return dense(self.accuracies)

    @cached_property
    def gains(self) -> Floats:
        """The accuracies, scaled so that the set's lowest is 0 and its highest 1."""
        low, high = self.accuracies.min(), self.accuracies.max()
        gains: Floats = (self.accuracies - low) / (high - low)
        return gains

    def top_tenth(self) -> "Members":
        """Those at least as accurate as the ⌈n/10⌉-th most accurate, so that ties all belong."""
        size = -(-len(self) // 10)
        within = self.accuracies >= np.partition(self.accuracies, -size)[-size]
        return Members(
            self.architectures[within], self.scores[within], self.accuracies[within], self.larger
        )


def dense(values: NDArray[np.float64] | Integers) -> Integers:
    """Each value's place among the different ones, from 0 for the smallest."""
    places: Integers = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return places
