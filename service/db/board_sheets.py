"""Boards sorted by something else than their scores: as columns, which are sorted in memory.

No index has them in such an order, and to sort a hundred thousand numbers takes less than to write
an index for each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import accuracies, columns
from service.db.board_views import placed
from service.db.boards import Asked
from service.db.models import Place

Measure = Literal["accuracy", "parameters", "flops"]

Ids = NDArray[np.int32] | NDArray[np.int64]
"""Four bytes each for as long as they fit."""


@dataclass(frozen=True, slots=True)
class Means:
    """A series: the mean of each architecture that has values."""

    architecture_ids: Ids
    """(n,), ascending."""
    values: NDArray[np.float64]
    """(n,)."""

    @property
    def nbytes(self) -> int:
        return self.architecture_ids.nbytes + self.values.nbytes

    def of(self, architecture_ids: Ids) -> NDArray[np.float64]:
        """NaN where there is none."""
        if not len(self.values):
            return np.full(len(architecture_ids), np.nan)
        places = np.searchsorted(self.architecture_ids, architecture_ids)
        places = np.minimum(places, len(self.values) - 1)
        known = self.architecture_ids[places] == architecture_ids
        return np.where(known, self.values[places], np.nan)


NO_MEANS = Means(np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a filter leaves of a board, sorted by a measure."""

    architecture_ids: Ids
    """(n,): of the highest accuracy first, or of the smallest network; equal ones by id, in the
    same direction; those of which the measure is not known are last."""
    known: int
    """Of how many it is."""
    scores: NDArray[np.float64]
    """(n,), ascending."""

    @property
    def nbytes(self) -> int:
        return self.architecture_ids.nbytes + self.scores.nbytes

    def order(self, *, reverse: bool) -> Ids:
        """The architectures, or those of a known measure the other way round."""
        if not reverse:
            return self.architecture_ids
        parts = np.split(self.architecture_ids, [self.known])
        return np.concatenate([part[::-1] for part in parts])

    def ranks(self, scores: Sequence[float], *, larger: bool) -> list[int]:
        """By score, from 1."""
        if larger:
            ahead = len(self.scores) - np.searchsorted(self.scores, scores, "right")
        else:
            ahead = np.searchsorted(self.scores, scores, "left")
        return [1 + int(each) for each in ahead]


async def read(session: AsyncSession, asked: Asked, by: Measure, means: Means) -> Sheet:
    """All that the filter leaves; `means` is of the series that accuracies are of."""
    query = select(Place.architecture_id, Place.value).where(*placed(asked))
    if by == "accuracy":
        ids, scores = await columns.read(session, query, (columns.INTEGER, columns.NUMBER))
        return await asyncio.to_thread(_by_accuracy, _compact(ids), scores, means)
    query = query.add_columns(Place.parameters if by == "parameters" else Place.flops)
    elements = (columns.INTEGER, columns.NUMBER, columns.INTEGER)
    ids, scores, sizes = await columns.read(session, query, elements)
    return await asyncio.to_thread(_by_size, _compact(ids), scores, sizes)


def _by_accuracy(ids: Ids, scores: NDArray[np.float64], means: Means) -> Sheet:
    accuracies = means.of(ids)
    # What is not a number is last.
    order = np.lexsort((-ids, -accuracies))
    return Sheet(ids[order], int(np.isfinite(accuracies).sum()), np.sort(scores))


def _by_size(ids: Ids, scores: NDArray[np.float64], sizes: NDArray[np.int64]) -> Sheet:
    return Sheet(ids[np.lexsort((ids, sizes))], len(ids), np.sort(scores))


async def means(session: AsyncSession, series_id: int) -> Means:
    """A whole series."""
    source = accuracies.mean_of_each(series_id)
    query = select(source.c.architecture_id, source.c.value)
    ids, values = await columns.read(session, query, (columns.INTEGER, columns.NUMBER))
    return await asyncio.to_thread(_by_id, _compact(ids), values)


def _by_id(ids: Ids, values: NDArray[np.float64]) -> Means:
    order = np.argsort(ids)
    return Means(ids[order], values[order])


def _compact(ids: NDArray[np.int64]) -> Ids:
    fits = not len(ids) or ids.max() <= np.iinfo(np.int32).max
    return ids.astype(np.int32) if fits else ids
