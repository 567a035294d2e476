"""Queries on points: what several scores say of the same architectures, beside a truth."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Double, Select, Subquery, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import accuracies
from service.db import columns as long_columns
from service.db.boards import Ranking
from service.db.models import Architecture, Score

Source = Ranking | int
"""What gives architectures a number each: a board, or a series by its id."""


@dataclass(frozen=True, slots=True)
class Points:
    """Columns of equal length, by hash."""

    total: int
    """How many architectures there are; the columns may have fewer."""
    hashes: NDArray[np.bytes_]
    """(n,)."""
    truth: NDArray[np.float64]
    """(n,), NaN where there is none."""
    values: Sequence[NDArray[np.float64]]
    """(n,) for each source, NaN where a score is undefined."""


_NAN: ColumnElement[float] = literal_column("'NaN'::float8", Double)


async def columns(
    session: AsyncSession,
    bench: str,
    sources: Sequence[Source],
    truth: int | None,
    known: bool,
    limit: int,
) -> Points:
    """The architectures that every source says something of, those of the lowest hashes.

    `truth` is a series; with `known` only architectures that it has.
    """
    values = [_values(source) for source in sources]
    beside = None if truth is None else accuracies.mean_of_each(truth)
    if None in values or (known and beside is None):
        nothing = np.empty(0)
        return Points(0, nothing.astype("S32"), nothing, [nothing for _ in sources])
    asked = _columns(bench, [each for each in values if each is not None], beside, known)
    numbers = [long_columns.NUMBER] * (1 + len(sources))
    elements = (long_columns.INTEGER, long_columns.HASH, *numbers)
    found = await long_columns.read(session, asked.limit(limit), elements)
    return await asyncio.to_thread(_sorted, *found)


def _sorted(
    total: NDArray[np.int64],
    hashes: NDArray[np.bytes_],
    truth: NDArray[np.float64],
    *values: NDArray[np.float64],
) -> Points:
    order = np.argsort(hashes)
    said = int(total[0]) if len(total) else 0
    return Points(said, hashes[order], truth[order], [each[order] for each in values])


def _columns(
    bench: str, values: Sequence[Subquery], truth: Subquery | None, known: bool
) -> Select[*tuple[Any, ...]]:
    mean = _NAN if truth is None else func.coalesce(truth.c.value, _NAN)
    query = select(
        func.count().over().label("total"),
        Architecture.hash,
        mean.label("truth"),
        *(func.coalesce(each.c.value, _NAN).label(f"v{n}") for n, each in enumerate(values)),
    ).where(Architecture.bench == bench)
    for each in values:
        query = query.join(each, each.c.architecture_id == Architecture.id)
    if truth is not None:
        on = truth.c.architecture_id == Architecture.id
        query = query.join(truth, on, isouter=not known)
    return query.order_by(Architecture.hash)


def _values(source: Source) -> Subquery | None:
    """By architecture; None of a board that there is not yet."""
    if isinstance(source, int):
        return accuracies.mean_of_each(source)
    if source.protocol_id is None or source.revision is None:
        return None
    return (
        select(Score.architecture_id, Score.value)
        .where(
            Score.protocol_id == source.protocol_id,
            Score.proxy == source.proxy,
            Score.revision == source.revision,
        )
        .subquery()
    )
