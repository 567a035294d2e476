"""Queries on points: what several scores say of the same architectures, beside a truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import accuracies
from service.db.boards import Ranking
from service.db.models import Architecture, Score

Source = Ranking | int
"""What gives architectures a number each: a board, or a series by its id."""


@dataclass(frozen=True, slots=True)
class Points:
    """Columns of equal length, by hash."""

    total: int
    """How many architectures there are; the columns may have fewer."""
    hashes: Sequence[str]
    truth: Sequence[float | None]
    values: Sequence[Sequence[float | None]]
    """One for each source; None where a score is undefined."""


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
        return Points(0, [], [], [[] for _ in sources])
    asked = _columns(bench, [each for each in values if each is not None], beside, known)
    rows = (await session.execute(asked.limit(limit))).all()
    if not rows:
        return Points(0, [], [], [[] for _ in sources])
    total, hashes, means, *found = zip(*rows, strict=True)
    return Points(total[0], hashes, means, found)


def _columns(
    bench: str, values: Sequence[Subquery], truth: Subquery | None, known: bool
) -> Select[*tuple[Any, ...]]:
    mean = null() if truth is None else truth.c.value
    query = select(
        func.count().over(), Architecture.hash, mean, *(each.c.value for each in values)
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
