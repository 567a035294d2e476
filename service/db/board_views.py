"""Queries on boards from any row on, besides their pages: see `service.db.boards`.

What lies before a row is counted and not read, and from the board's other end where that is nearer.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Subquery, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import boards
from service.db.boards import EVERYTHING, Asked, Row
from service.db.models import Architecture, Place, Score
from service.db.size_classes import meeting

MATCHES = 100
"""Of the first digits of a hash: whoever has more types another digit."""


async def window(
    session: AsyncSession, asked: Asked, offset: int, limit: int, total: int
) -> list[Row]:
    """Up to `limit` rows, best first, behind the best `offset` of the `total` that there are."""
    size = min(limit, total - offset)
    if asked.counted.id is None or size <= 0:
        return []
    from_end = offset > total // 2
    begin = total - offset - size if from_end else offset
    source = left(asked)
    order = boards.order(source.c.value, source.c.architecture_id, asked.larger != from_end)
    chosen = select(source).order_by(*order).offset(begin).limit(size).subquery()
    found = await session.execute(
        select(*boards.COLUMNS, chosen.c.value)
        .join(chosen, chosen.c.architecture_id == Architecture.id)
        .order_by(*boards.order(chosen.c.value, chosen.c.architecture_id, asked.larger))
    )
    return await boards.rows(session, asked, found.all())


async def position(session: AsyncSession, asked: Asked, row: Row) -> int:
    """How many rows stand before one of the board, best first."""
    source = left(asked)
    return await _count(session, source, _ahead(source, row, asked))


async def ranks(
    session: AsyncSession, asked: Asked, rows: Sequence[Row], position: int
) -> list[int]:
    """Of rows that stand together, best first, the first behind `position` others."""
    if not rows:
        return []
    source, value = left(asked), rows[0].value
    equal = await _count(session, source, source.c.value == value, _ahead(source, rows[0], asked))
    place, found = 1 + position - equal, []
    for number, row in enumerate(rows, 1 + position):
        if row.value != value:
            place, value = number, row.value
        found.append(place)
    return found


async def matching(session: AsyncSession, asked: Asked, bench: str, prefix: str) -> list[Row]:
    """The rows whose hashes begin so, sorted by hash, up to `MATCHES`."""
    if asked.counted.id is None:
        return []
    query = (
        select(*boards.COLUMNS, Score.value)
        .join(Score, Score.architecture_id == Architecture.id)
        .where(
            Architecture.bench == bench,
            # All that begins so is between, for no hash has a g.
            Architecture.hash.between(prefix, f"{prefix}g"),
            *_scored(asked),
        )
        .order_by(Architecture.hash)
        .limit(MATCHES)
    )
    if asked.wanted != EVERYTHING:
        query = query.join(
            Place,
            and_(
                boards.listed(asked),
                Place.size_class == Architecture.size_class,
                Place.value == Score.value,
                Place.architecture_id == Architecture.id,
                *boards.within(asked.wanted),
            ),
        )
    found = await session.execute(query)
    return await boards.rows(session, asked, found.all())


async def of_architectures(
    session: AsyncSession, asked: Asked, architecture_ids: Sequence[int]
) -> list[Row]:
    """The rows of architectures that the board has, in the order given."""
    found = await session.execute(
        select(*boards.COLUMNS, Score.value)
        .join(Score, Score.architecture_id == Architecture.id)
        .where(Architecture.id.in_(architecture_ids), *_scored(asked))
    )
    rows = await boards.rows(session, asked, found.all())
    by_id = {row.architecture_id: row for row in rows}
    return [by_id[each] for each in architecture_ids]


def left(asked: Asked) -> Subquery:
    """What the filter leaves of a board, as `architecture_id` and `value`, by no order."""
    if asked.wanted == EVERYTHING:
        # Sorted by its index.
        return select(Score.architecture_id, Score.value).where(*_scored(asked)).subquery()
    return select(Place.architecture_id, Place.value).where(*placed(asked)).subquery()


def placed(asked: Asked) -> list[ColumnElement[bool]]:
    """Of places: which of them the filter leaves of the board."""
    whole, cut = meeting(asked.by_class, asked.wanted.parameters, asked.wanted.flops)
    bounds = boards.within(asked.wanted)
    classes = [Place.size_class.in_(whole + cut)] if bounds else []
    return [boards.listed(asked), *classes, *bounds]


def _scored(asked: Asked) -> list[ColumnElement[bool]]:
    return [
        Score.protocol_id == asked.ranking.protocol_id,
        Score.proxy == asked.ranking.proxy,
        Score.revision == asked.ranking.revision,
        Score.value.is_not(None),
    ]


def _ahead(source: Subquery, row: Row, asked: Asked) -> ColumnElement[bool]:
    key = tuple_(source.c.value, source.c.architecture_id)
    own = (row.value, row.architecture_id)
    ahead: ColumnElement[bool] = key > own if asked.larger else key < own
    return ahead


async def _count(session: AsyncSession, source: Subquery, *wanted: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(source).where(*wanted)
    return (await session.execute(query)).scalar_one()
