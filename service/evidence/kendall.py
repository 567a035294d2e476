"""Kendall's τ_b, and how often a score puts two architectures in the right order."""

from collections.abc import Generator, Iterator
from math import sqrt

import numpy as np
from scipy.stats import kendalltau

from service.evidence.levels import tied_pairs
from service.evidence.members import Floats, Integers, Members


def kendall_tau_b(members: Members) -> float:
    """Of the score itself with accuracy, signed: SciPy's `kendalltau`. Neither may be constant."""
    return members.sign * float(kendalltau(members.merits, members.truths).statistic)


def pairwise_agreement(members: Members, tau: float) -> float:
    """Of the pairs with different accuracies, the share that the score puts in the right order.

    A pair that the score ties counts one half: with C pairs in the right order and D in the wrong
    one, in the catalogue's direction, ½ + (C - D) / (2 · pairs with different accuracies). C - D is
    that of `tau`, the members' `kendall_tau_b`.
    """
    untied = _untied(members.truths)
    spread = sqrt(_untied(members.merits)) * sqrt(untied)
    difference = round(members.sign * tau * spread)
    return 0.5 + difference / (2 * untied)


def _untied(places: Integers) -> int:
    """Pairs at different levels."""
    totals = np.bincount(places)[np.newaxis]
    return int(len(places) * (len(places) - 1) // 2 - tied_pairs(totals)[0])


class Inversions:
    """Counts, for many resamples, the pairs that two rankings order differently.

    Merge sort's count (Knight 1966), with the order of every merge found once: it is the same for
    all resamples, whose members differ only in how often they are there.
    """

    def __init__(self, merits: Integers, truths: Integers) -> None:
        """Both (members,). Use `prepare` before `pairs`."""
        self._merits, self._truths = merits, truths
        # By merit, and of equal merit by truth: what merit ties is no inversion.
        self._by_merit = np.lexsort((truths, merits))
        self._merges: list[tuple[Integers, Integers, Integers, Integers]] = []

    def prepare(self) -> Iterator[None]:
        """Finds the merges, yielding after each."""
        size = len(self._truths)
        # Best truth first, and of equal truth the one with more merit, which is no inversion.
        places = np.arange(size)
        order = np.lexsort((-places, -self._truths[self._by_merit]))
        for bit in reversed(range(max(1, (size - 1).bit_length()))):
            # The members in blocks of 2^(bit+1) by merit, each block by truth; its left half has
            # less merit than its right half.
            right = (order >> bit) & 1
            blocks = order >> (bit + 1)
            starts = np.flatnonzero(np.diff(blocks, prepend=-1))
            lengths = np.diff(starts, append=size)
            self._merges.append((self._by_merit[order], right, starts, lengths))
            order = order[np.argsort(order >> bit, kind="stable")]
            yield

    def pairs(self, counts: Integers) -> Generator[None, None, Integers]:
        """Of counts (resamples, members), the pairs in opposite orders: (resamples,). Yields after
        each merge."""
        found = np.zeros(len(counts), np.int64)
        for order, right, starts, lengths in self._merges:
            here = counts[:, order]
            rights = here * right
            lefts = here - rights
            # Of less merit and better truth than each: those before it in its block.
            passed = np.cumsum(lefts, axis=1)
            passed -= np.repeat((passed - lefts)[:, starts], lengths, axis=1)
            found += (rights * passed).sum(axis=1)
            yield
        return found

    def joint_ties(self) -> Integers:
        """The members' places by merit and truth together: (members,)."""
        both = np.unique(
            self._merits * (self._truths.max() + 1) + self._truths, return_inverse=True
        )
        joint: Integers = both[1].astype(np.int64)
        return joint


def resampled(
    sizes: Integers, merit_ties: Integers, truth_ties: Integers, ties: Integers, inverted: Integers
) -> tuple[Floats, Floats]:
    """τ_b of merit with truth, and the pairwise agreement, in each resample: (resamples,) each.

    From the sizes of the resamples and their pairs: tied in merit, in truth, in both, and inverted.
    0 and ½ where a resample holds only one level of either: it shows no order.
    """
    pairs = sizes * (sizes - 1) // 2
    difference = pairs - merit_ties - truth_ties + ties - 2 * inverted
    untied = pairs - truth_ties
    spread = np.sqrt((pairs - merit_ties).astype(float)) * np.sqrt(untied.astype(float))
    zeros = np.zeros(len(sizes))
    tau = np.divide(difference, spread, out=zeros.copy(), where=spread > 0)
    agreement = 0.5 + np.divide(difference, 2 * untied, out=zeros, where=untied > 0)
    return tau, agreement
