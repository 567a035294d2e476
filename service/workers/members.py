"""Reads the members of a set from stored rows, page by page, so that a worker can look up between.

What is written while they are read makes the answer stale, for it is stored as one of the inputs
of before.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.db import accuracies, correlations
from service.db.accuracies import Columns
from service.db.boards import Ranking
from service.db.questions import Scoring
from service.evidence import Members
from service.workers.database import Transaction

PAGE = 2_000
"""Rows: two hundredths of a second to read."""


@dataclass(frozen=True)
class Scores:
    """The scores of architectures; both have n items, and the ids are sorted."""

    architectures: NDArray[np.int64]
    values: NDArray[np.float64]
    """NaN where it is undefined."""

    def of(self, architectures: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which of the architectures have a score or a reason why not, and the scores of those."""
        if not len(self.architectures):
            return np.zeros(len(architectures), bool), np.zeros(0)
        places = np.searchsorted(self.architectures, architectures)
        places = np.minimum(places, len(self.architectures) - 1)
        there = self.architectures[places] == architectures
        return there, self.values[places[there]]


def columns(transaction: Transaction, series_id: int) -> Generator[None, None, Columns]:
    """A whole series."""
    parts: list[Columns] = []
    while not parts or len(parts[-1].spelling) == PAGE:
        with transaction() as session:
            after = parts[-1].spelling[-1] if parts else None
            parts.append(accuracies.columns(session, series_id, after, PAGE))
        yield
    return Columns(
        np.concatenate([part.architecture_id for part in parts]),
        np.concatenate([part.hash for part in parts]),
        [spelling for part in parts for spelling in part.spelling],
        np.concatenate([part.whole for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def numbers(transaction: Transaction, scoring: Scoring) -> Generator[None, None, Scores | Columns]:
    """What a scoring says: of architectures, or a series of spellings."""
    if scoring.ranking is not None:
        return (yield from _scores(transaction, scoring.ranking))
    assert scoring.series_id is not None  # noqa: S101 - what is not ranked is a series
    return (yield from columns(transaction, scoring.series_id))


def by_hash(of: Columns) -> Columns:
    """Sorted by hash, and by spelling where that is the same: half a second of four hundred
    thousand, which cannot be cut."""
    order = np.argsort(of.hash, kind="stable")
    spelling = [of.spelling[place] for place in order.tolist()]
    ids, hashes = of.architecture_id[order], of.hash[order]
    return Columns(ids, hashes, spelling, of.whole[order], of.value[order])


def members(
    of: str, scoring: Scoring, truth: Columns, given: Scores | Columns
) -> Generator[None, None, Members]:
    """The members of the set that have both, in the order of their hashes, as `truth` has them.

    Of a series a spelling has its own score, and otherwise that of its architecture.
    """
    first = np.append(True, truth.hash[1:] != truth.hash[:-1])[: len(truth.hash)]
    owners = np.cumsum(first) - 1
    accuracies, ids = truth.value, truth.architecture_id
    if of == "classes":
        accuracies = np.bincount(owners, accuracies) / np.bincount(owners)
        owners, ids = owners[first], ids[first]
        if isinstance(given, Columns):
            given = _means(given)
    yield
    if isinstance(given, Scores):
        there, values = given.of(ids)
    else:
        own = dict(zip(given.spelling, given.value.tolist(), strict=True))
        yield
        found: list[float] = []
        for start in range(0, len(truth.spelling), PAGE):
            # Those of a series are all numbers.
            found += [own.get(each, np.nan) for each in truth.spelling[start : start + PAGE]]
            yield
        values = np.array(found, float)
        there = ~np.isnan(values)
        values = values[there]
    yield
    if of == "whole_spellings":
        values = values[truth.whole[there]]
        there = there & truth.whole
    larger = scoring.direction == "larger"
    return Members(owners[there].astype(np.int64), values, accuracies[there], larger)


def alike(some: Members, others: Members) -> bool:
    """Whether two sets are the same: of NAS-Bench-101 each class has one spelling, a whole one."""
    return (
        np.array_equal(some.architectures, others.architectures)
        and np.array_equal(some.scores, others.scores, equal_nan=True)
        and np.array_equal(some.accuracies, others.accuracies)
    )


def _scores(transaction: Transaction, ranking: Ranking) -> Generator[None, None, Scores]:
    with transaction() as session:
        undefined = correlations.undefined(session, ranking)
    rows: list[tuple[float, int]] = []
    while True:
        with transaction() as session:
            page = correlations.scores(session, ranking, rows[-1] if rows else None, PAGE)
        rows += page
        yield
        if len(page) < PAGE:
            break
    ids = np.array([*undefined, *(row[1] for row in rows)], np.int64)
    values = np.array([*(np.nan for _ in undefined), *(row[0] for row in rows)], np.float64)
    order = np.argsort(ids)
    return Scores(ids[order], values[order])


def _means(of: Columns) -> Scores:
    """Of an architecture, the mean over its spellings."""
    ids, places, counts = np.unique(of.architecture_id, return_inverse=True, return_counts=True)
    return Scores(ids, np.bincount(places, of.value, len(ids)) / counts)
