"""Curves of many seeds as one, with the interval of their mean."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.evidence.bootstrap import CONFIDENCE, counts
from service.search.incumbent import Floats


class MeanCurve(NamedTuple):
    """After 1, 2, ... trained architectures, each of shape (trained,)."""

    mean: Floats
    low: Floats
    high: Floats
    """The ends of the 95 % bootstrap interval over seeds."""


def mean_curve(curves: Sequence[Floats], budget: int) -> MeanCurve:
    """Over seeds, of curves that go on as they end where a search ended early.

    The draw depends on the number of seeds alone: the intervals of two searches of the same seeds
    are of the same resamples of them.
    """
    every = np.stack([extended(curve, budget) for curve in curves])
    seeds = np.arange(len(every))
    often = np.concatenate(list(counts(f"{len(every)} seeds", seeds)))
    means = often @ every / len(every)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return MeanCurve(every.mean(axis=0), low, high)


def extended(curve: Floats, budget: int) -> Floats:
    """The first `budget` of a curve, its last value repeated where it has fewer."""
    found: Floats = np.pad(curve[:budget], (0, max(0, budget - len(curve))), mode="edge")
    return found
