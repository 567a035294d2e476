"""What one gets who takes the best by score. Ties are broken by lot: each metric is its mean.

Each of these is for many resamples at once, from what is counted at each level of merit or truth;
the set itself is the resample that holds each member once.
"""

import numpy as np

from service.evidence.levels import Levels, better
from service.evidence.members import Floats, Integers

SELECTED = 64
"""A search that starts from the best by score takes so many (Abdelfattah et al. 2021)."""


def chosen(totals: Integers, number: Integers) -> Floats:
    """The chance at each level that a member is among the best `number`: (resamples, levels).

    `totals` (resamples, levels), the best level last; `number` (resamples,).
    """
    room = number[:, np.newaxis] - better(totals)
    shares = np.divide(room, totals, out=np.zeros(totals.shape), where=totals > 0)
    chances: Floats = np.clip(shares, 0.0, 1.0)
    return chances


def found(
    counts: Integers, merits: Levels, truths: Levels, by_merit: Floats, by_truth: Floats
) -> Floats:
    """How many members are chosen by merit and by truth, each with its own lots: (resamples,)."""
    both = counts * by_merit[:, merits.places] * by_truth[:, truths.places]
    total: Floats = both.sum(axis=1)
    return total


def precision(
    counts: Integers, merits: Levels, truths: Levels, merit_totals: Integers, truth_totals: Integers
) -> Floats:
    """Of the tenth that is best by score, the share in the true best tenth: (resamples,)."""
    number = -(-counts.sum(axis=1) // 10)
    chances = chosen(merit_totals, number), chosen(truth_totals, number)
    share: Floats = found(counts, merits, truths, *chances) / number
    return share


def top_share(
    counts: Integers, merits: Levels, truths: Levels, merit_totals: Integers, truth_totals: Integers
) -> Floats:
    """Of the true best twentieth, the share among the `SELECTED` best by score: (resamples,)."""
    size = counts.sum(axis=1)
    best = -(-size // 20)
    chances = (
        chosen(merit_totals, np.full(len(counts), SELECTED)),
        chosen(truth_totals, best),
    )
    share: Floats = found(counts, merits, truths, *chances) / best
    return share


def ndcg(
    counts: Integers,
    gains: Floats,
    merits: Levels,
    truths: Levels,
    merit_totals: Integers,
    truth_totals: Integers,
) -> Floats:
    """The normalised discounted cumulative gain of the `SELECTED` best by score: (resamples,).

    Σ gain / log₂(1 + place) over the places 1 to 64, divided by that of the true order (Järvelin
    and Kekäläinen 2002). `gains` (members,) are linear in accuracy. 1 where nothing has a gain:
    then every order is the best.
    """
    ideal = _cumulated(counts, gains, truths, truth_totals)
    gained = _cumulated(counts, gains, merits, merit_totals)
    return np.divide(gained, ideal, out=np.ones(len(counts)), where=ideal > 0)


# The first k places together, k from 0.
_DISCOUNTS = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, SELECTED + 2)))])


def _cumulated(counts: Integers, gains: Floats, levels: Levels, totals: Integers) -> Floats:
    before = better(totals)
    places = _DISCOUNTS[np.minimum(before + totals, SELECTED)]
    places = places - _DISCOUNTS[np.minimum(before, SELECTED)]
    gained = levels.sums(counts * gains)
    means = np.divide(gained, totals, out=np.zeros(totals.shape), where=totals > 0)
    total: Floats = (means * places).sum(axis=1)
    return total
