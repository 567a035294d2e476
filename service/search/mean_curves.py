"""Curves of many seeds as one, with the interval of their mean."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

import numpy as np

from service.evidence.bootstrap import CONFIDENCE, counts
from service.search.incumbent import Floats, needed

ENDS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


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
    low, high = np.quantile(_means(every), ENDS, axis=0)
    return MeanCurve(every.mean(axis=0), low, high)


def mean_of_reached(curves: Sequence[Floats]) -> MeanCurve:
    """After each number of architectures over the seeds that have trained as many: one of unequal
    curves is not finished. Their means may fall where a seed ends.
    """
    ends = sorted({len(curve) for curve in curves})
    parts = [
        mean_curve([curve[start:end] for curve in curves if len(curve) >= end], end - start)
        for start, end in pairwise([0, *ends])
    ]
    mean, low, high = (np.concatenate(each) for each in zip(*parts, strict=True))
    return MeanCurve(mean, low, high)


def needed_by_mean(
    curves: Sequence[Floats], budget: int, level: float
) -> tuple[float, float, float]:
    """How many have to be trained until the mean curve is at the level, and its interval; infinite
    where it is not within the budget.
    """
    every = np.stack([extended(curve, budget) for curve in curves])
    found = sorted(needed(mean, level) or inf for mean in _means(every))
    low, high = (found[round(end * (len(found) - 1))] for end in ENDS)
    return needed(every.mean(axis=0), level) or inf, low, high


def _means(every: Floats) -> Floats:
    """Of each resample of the seeds the mean curve: (resamples, budget), of (seeds, budget)."""
    seeds = np.arange(len(every))
    often = np.concatenate(list(counts(f"{len(every)} seeds", seeds)))
    means: Floats = often @ every / len(every)
    return means


def extended(curve: Floats, budget: int) -> Floats:
    """The first `budget` of a curve, its last value repeated where it has fewer."""
    found: Floats = np.pad(curve[:budget], (0, max(0, budget - len(curve))), mode="edge")
    return found
