"""Reads the members of a set from stored rows, page by page, so that a worker can look up between.

What is written while they are read makes the answer stale, for it is stored as one of the inputs
of before.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.db import accuracies, correlations
from service.db.accuracies import Columns
from service.db.boards import Ranking
from service.db.correlations import Question
from service.evidence import Members

Transaction = Callable[[], AbstractContextManager[Session]]


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


def members(
    transaction: Transaction, question: Question, truth: Columns
) -> Generator[None, None, Members]:
    """The members of the question's set that have both, in the order of their hashes.

    Of a series a spelling has its own score, and otherwise that of its architecture.
    """
    scoring, classes = question.scoring, question.members == "classes"
    known = _by_architecture(truth) if classes else truth
    if scoring.ranking is not None:
        scores = yield from _scores(transaction, scoring.ranking)
        there, values = scores.of(known.architecture_id)
    else:
        assert scoring.series_id is not None  # noqa: S101 - what is not ranked is a series
        series = yield from columns(transaction, scoring.series_id)
        if classes:
            means = _by_architecture(series)
            there, values = Scores(means.architecture_id, means.value).of(known.architecture_id)
        else:
            own = dict(zip(series.spelling, series.value.tolist(), strict=True))
            there = np.array([spelling in own for spelling in known.spelling], bool)
            values = np.array([own[each] for each in known.spelling if each in own], float)
    if question.members == "whole_spellings":
        values = values[known.whole[there]]
        there = there & known.whole
    hashes = known.hash[there]
    # Of spellings with one hash the order is the column's.
    order = np.argsort(hashes, kind="stable")
    owners = np.unique(hashes[order], return_inverse=True)[1].astype(np.int64)
    return Members(owners, values[order], known.value[there][order], scoring.direction == "larger")


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


def _by_architecture(of: Columns) -> Columns:
    """One row an architecture, sorted by its id: the mean over its spellings, of which it keeps
    the first."""
    ids, firsts, places, counts = np.unique(
        of.architecture_id, return_index=True, return_inverse=True, return_counts=True
    )
    means = np.bincount(places, of.value, len(ids)) / counts
    spellings = [of.spelling[first] for first in firsts]
    return Columns(ids, of.hash[firsts], spellings, of.whole[firsts], means)
