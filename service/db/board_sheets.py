"""Boards sorted by something else than their scores: as columns, which are sorted in memory.

No index has them in such an order, and to sort a hundred thousand numbers takes less than to write
an index for each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import accuracies
from service.db.board_views import placed
from service.db.boards import Asked
from service.db.models import Place

Measure = Literal["accuracy", "parameters", "flops"]

_HEAD = 20
"""Bytes of an array as PostgreSQL sends it: dimensions, flags, type, size, first index."""


@dataclass(frozen=True, slots=True)
class Means:
    """A series: the mean of each architecture that has values."""

    architecture_ids: NDArray[np.int64]
    """(n,), ascending."""
    values: NDArray[np.float64]
    """(n,)."""

    def of(self, architecture_ids: NDArray[np.int64]) -> NDArray[np.float64]:
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

    architecture_ids: NDArray[np.int64]
    """(n,): of the highest accuracy first, or of the smallest network; equal ones by id, in the
    same direction; those of which the measure is not known are last."""
    known: int
    """Of how many it is."""
    scores: NDArray[np.float64]
    """(n,), ascending."""

    def order(self, *, reverse: bool) -> NDArray[np.int64]:
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
    columns: list[Any] = [Place.architecture_id, Place.value]
    if by != "accuracy":
        columns.append(Place.parameters if by == "parameters" else Place.flops)
    aggregates = (func.array_send(func.array_agg(column)) for column in columns)
    sent = (await session.execute(select(*aggregates).where(*placed(asked)))).one()
    return await asyncio.to_thread(_sorted, sent, means if by == "accuracy" else None)


def _sorted(sent: Sequence[bytes | None], means: Means | None) -> Sheet:
    ids, scores = _array(sent[0], ">i8").astype(np.int64), _array(sent[1], ">f8").astype(float)
    if means is None:
        order = np.lexsort((ids, _array(sent[2], ">i8")))
        return Sheet(ids[order], len(ids), np.sort(scores))
    accuracies = means.of(ids)
    # What is not a number is last.
    order = np.lexsort((-ids, -accuracies))
    return Sheet(ids[order], int(np.isfinite(accuracies).sum()), np.sort(scores))


async def means(session: AsyncSession, series_id: int) -> Means:
    """A whole series."""
    source = accuracies.mean_of_each(series_id)
    columns = (source.c.architecture_id, source.c.value)
    aggregates = (func.array_send(func.array_agg(column)) for column in columns)
    found = (await session.execute(select(*aggregates))).one()
    ids, values = _array(found[0], ">i8").astype(np.int64), _array(found[1], ">f8").astype(float)
    order = np.argsort(ids)
    return Means(ids[order], values[order])


def _array(sent: bytes | None, element: str) -> NDArray[Any]:
    """Of numbers without a null; quicker by far than as many rows."""
    items = np.dtype([("length", ">i4"), ("value", element)])
    found: NDArray[Any] = np.frombuffer(sent or bytes(_HEAD), items, offset=_HEAD)["value"]
    return found
