"""The two rules by which an ensemble makes one number of several, against a population."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.ensembles.entry import Ensemble
from service.ensembles.population import Population

Values = NDArray[np.float64]


def ensemble_values(
    ensemble: Ensemble, scores: Mapping[str, Values], population: Population
) -> Values:
    """The ensemble's value of each of m architectures, float64 (m,).

    `scores` has float64 (m,) by proxy, NaN where it is undefined: there the ensemble is NaN too. An
    architecture's value depends on its own scores and on the population, and on nothing else.
    Raises KeyError for a proxy that the scores or the population lack.
    """
    signs = ensemble.members.items()
    values = np.stack([sign * scores[proxy] for proxy, sign in signs])
    reference = np.stack([sign * population.scores[proxy] for proxy, sign in signs])
    # What is undefined is the worst, whatever the sign.
    reference[np.isnan(reference)] = -np.inf
    result = _RULES[ensemble.rule](values, reference)
    result[np.isnan(values).any(0)] = np.nan
    return result


def log_ranks(values: Values, reference: Values) -> Values:
    """Σ ln(place/(n + ½)) over k proxies, (k, m) values among (k, n), larger being better.

    The rule of AZ-NAS (Lee and Ham 2024), Σ ln(rank/n), with a frozen population for what is ranked
    together there. The value comes near 0 far above all members in every proxy.
    """
    n = reference.shape[1]
    of_proxies = [np.log(places(v, r) / (n + 0.5)) for v, r in zip(values, reference, strict=True)]
    total: Values = np.sum(of_proxies, axis=0)
    return total


def places(values: Values, reference: Values) -> Values:
    """Where each value (m,) stands among the n of the reference, from ½ to n + ½.

    A value of the reference has its average rank, counted from 1 for the smallest. Between two of
    them the place is interpolated; beyond the ends it goes on towards ½ and n + ½, the more slowly
    the farther. So different values have different places. -∞ in the reference is what is
    undefined: below every value.
    """
    defined = reference[reference > -np.inf]
    n, undefined = len(reference), len(reference) - len(defined)
    if not len(defined):
        return np.full(len(values), n + 0.5)
    distinct, counts = np.unique(defined, return_counts=True)
    average_ranks = undefined + np.cumsum(counts) - (counts - 1) / 2
    found: Values = np.interp(values, distinct, average_ranks)
    first, last = distinct[0], distinct[-1]
    # By how many of the reference's own widths a value lies beyond it.
    width = last - first or 1.0
    above = np.maximum(values - last, 0) / width
    below = np.maximum(first - values, 0) / width
    found += (n + 0.5 - average_ranks[-1]) * above / (1 + above)
    found -= (average_ranks[0] - undefined - 0.5) * below / (1 + below)
    return found


def wins(values: Values, reference: Values) -> Values:
    """The share of n members that each of m architectures beats by a majority of k proxies.

    (k, m) values against (k, n), larger being better; a draw is half a win. The Copeland score of
    an architecture among the population: Abdelfattah et al. 2021 use the majority itself, on pairs.
    """
    won = np.empty(values.shape[1])
    for index, of_one in enumerate(values.T):
        votes = np.sign(of_one[:, None] - reference).sum(0)
        won[index] = np.mean((votes > 0) + 0.5 * (votes == 0))
    return won


_RULES = {"log_rank": log_ranks, "copeland": wins}
