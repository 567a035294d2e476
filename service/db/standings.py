"""Queries on where one score stands among all of its board."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Double, UnaryExpression, and_, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from service.db.boards import Ranking
from service.db.models import Score

BARS = 40
"""Of a histogram: as many as can be told apart in a figure of a column's width."""

TAIL = 200
"""One in so many scores at either end is left to the outermost bars: one far away would squeeze all
others into one."""


@dataclass(frozen=True, slots=True)
class Among:
    """How many scores of a board are better than a value, and how many the same."""

    better: int
    same: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many scores lie in each of `BARS` parts of equal width, from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]
    """The first one with all that is smaller, the last one with all that is larger."""


_ENDS = (Score.value.asc(), Score.value.desc())


async def score(session: AsyncSession, ranking: Ranking, architecture_id: int) -> Score | None:
    """That of an architecture on a board; None where it has none."""
    found = await session.execute(
        select(Score).where(_of(ranking), Score.architecture_id == architecture_id)
    )
    return found.scalar_one_or_none()


async def among(session: AsyncSession, ranking: Ranking, value: float) -> Among:
    """Counts by the board's index what is better."""
    better = Score.value > value if ranking.direction == "larger" else Score.value < value
    counts = [
        select(func.count()).where(_of(ranking), which).scalar_subquery()
        for which in (better, Score.value == value)
    ]
    return Among(*(await session.execute(select(*counts))).one())


async def histogram(session: AsyncSession, ranking: Ranking, total: int) -> Histogram:
    """Of a board of `total` scores, at least one; reads them all."""
    low, high = [await _near_an_end(session, ranking, end, total // TAIL) for end in _ENDS]
    if low == high:
        return Histogram(low, high, (total,))
    bar = func.width_bucket(Score.value, low, high, BARS)
    rows = await session.execute(
        select(func.least(func.greatest(bar, 1), BARS).label("bar"), func.count())
        .where(_of(ranking), Score.value.is_not(None))
        .group_by("bar")
    )
    counts: dict[int, int] = dict(rows.all())
    return Histogram(low, high, tuple(counts.get(bar, 0) for bar in range(1, BARS + 1)))


async def _near_an_end(
    session: AsyncSession, ranking: Ranking, end: UnaryExpression[float | None], after: int
) -> float:
    found = await session.execute(
        select(type_coerce(Score.value, Double))
        .where(_of(ranking), Score.value.is_not(None))
        .order_by(end)
        .offset(after)
        .limit(1)
    )
    near: float = found.scalar_one()
    return near


def _of(ranking: Ranking) -> ColumnElement[bool]:
    return and_(
        Score.protocol_id == ranking.protocol_id,
        Score.proxy == ranking.proxy,
        Score.revision == ranking.revision,
    )
