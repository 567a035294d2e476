"""Spearman's ρ: the correlation of ranks, ties having their average rank."""

import numpy as np
from scipy.stats import spearmanr

from service.evidence.levels import Levels
from service.evidence.members import Floats, Integers, Members


def spearman(members: Members) -> float:
    """Of the score itself with accuracy, signed: SciPy's `spearmanr`. Neither may be constant."""
    return members.sign * float(spearmanr(members.merits, members.truths).statistic)


def resampled(
    counts: Integers, merits: Levels, truths: Levels, merit_totals: Integers, truth_totals: Integers
) -> Floats:
    """ρ of merit with truth in each resample: (resamples,).

    0 where a resample holds only one level of either: it shows no order.
    """
    x, y = _deviations(merit_totals), _deviations(truth_totals)
    shared = (counts * x[:, merits.places] * y[:, truths.places]).sum(axis=1)
    spread = np.sqrt((merit_totals * x**2).sum(axis=1) * (truth_totals * y**2).sum(axis=1))
    found: Floats = np.divide(shared, spread, out=np.zeros(len(counts)), where=spread > 0)
    return found


def _deviations(totals: Integers) -> Floats:
    """The average rank at each level, less the mean of all ranks."""
    size = totals.sum(axis=1, keepdims=True)
    deviations: Floats = np.cumsum(totals, axis=1) - totals / 2 - size / 2
    return deviations
