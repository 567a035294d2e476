"""Sums over the ties of a ranking, for many resamples at once.

A resample is how often it holds each member: `counts`, int64 of shape (resamples, members). What is
computed from counts is what would be computed from a list in which each member stands so often.
"""

import numpy as np

from service.evidence.members import Floats, Integers


class Levels:
    """The members by the different values of what they are ranked by, the smallest first."""

    def __init__(self, places: Integers) -> None:
        """`places` (members,): the value of each, as its place among the different ones."""
        self.places = places
        self._order = np.argsort(places, kind="stable")
        self._starts = np.flatnonzero(np.diff(places[self._order], prepend=-1))

    def totals(self, weights: Integers) -> Integers:
        """Of weights (resamples, members), the sum at each level: (resamples, levels)."""
        sums: Integers = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return sums

    def sums(self, weights: Floats) -> Floats:
        """The same of real numbers."""
        sums: Floats = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return sums


def better(totals: Integers) -> Integers:
    """How many are at better levels than each: (resamples, levels)."""
    counted = np.cumsum(totals[:, ::-1], axis=1)[:, ::-1]
    found: Integers = counted - totals
    return found


def tied_pairs(totals: Integers) -> Integers:
    """Pairs at one level, in each resample: (resamples,)."""
    pairs: Integers = (totals * (totals - 1) // 2).sum(axis=1)
    return pairs
