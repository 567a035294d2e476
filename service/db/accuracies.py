"""Queries on series: trained accuracies, and scores by other tools."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Subquery, case, func, or_, select
from sqlalchemy.orm import Session

from service.accuracies.facts import PERCENT
from service.db.models import Architecture, Series, SeriesValue


def of_bench(session: Session, bench: str) -> Sequence[Series]:
    """The series of a bench in the order added."""
    return session.scalars(select(Series).filter_by(bench=bench).order_by(Series.id)).all()


_MOST_TELLING = (
    Series.architecture_count.desc(),
    case((Series.metric == PERCENT, 0), else_=1),
    case((Series.split == "test", 0), else_=1),
    Series.epochs.desc(),
    Series.id,
)
"""Of most architectures, then top-1 before other metrics, then test before validation, then most
epochs, then the first added."""


def truths(session: Session, bench: str) -> Sequence[Series]:
    """The accuracies of a bench, the most telling first: that is the default truth."""
    return session.scalars(
        select(Series).filter_by(bench=bench, kind="accuracy").order_by(*_MOST_TELLING)
    ).all()


class Value(NamedTuple):
    """One value as it is stored."""

    hash: str
    spelling: str
    """As compact JSON."""
    seed: int | None
    value: float


def page(
    session: Session, series_id: int, after: tuple[str, int | None] | None, limit: int
) -> Sequence[Value]:
    """Up to `limit` values sorted by spelling and seed, none last, behind that of spelling and
    seed `after`."""
    query = (
        select(
            Architecture.hash,
            SeriesValue.spelling,
            SeriesValue.seed,
            SeriesValue.value,
        )
        .join(Architecture, Architecture.id == SeriesValue.architecture_id)
        .where(SeriesValue.series_id == series_id)
        .order_by(SeriesValue.spelling, SeriesValue.seed)
        .limit(limit)
    )
    if after is not None:
        spelling, seed = after
        behind = SeriesValue.spelling > spelling
        if seed is not None:
            behind |= or_(SeriesValue.seed > seed, SeriesValue.seed.is_(None))
        # The first condition says nothing new, and leads into the index.
        query = query.where(SeriesValue.spelling >= spelling, behind)
    return [Value(*row) for row in session.execute(query)]


class Trained(NamedTuple):
    """A spelling of an architecture in one series."""

    spelling: str
    """As compact JSON."""
    value: float
    """The mean over its seeds."""
    seeds: int
    """How many values that is the mean of."""


def of_architecture(
    session: Session, architecture_id: int
) -> Sequence[tuple[Series, Sequence[Trained]]]:
    """The accuracies of an architecture, the most telling series first."""
    rows = session.execute(
        select(
            SeriesValue.series_id,
            SeriesValue.spelling,
            func.avg(SeriesValue.value),
            func.count(),
        )
        .where(SeriesValue.architecture_id == architecture_id)
        .group_by(SeriesValue.series_id, SeriesValue.spelling)
        .order_by(SeriesValue.spelling)
    )
    found: defaultdict[int, list[Trained]] = defaultdict(list)
    for series_id, *trained in rows:
        found[series_id].append(Trained(*trained))
    series = session.scalars(
        select(Series)
        .where(Series.id.in_(found), Series.kind == "accuracy")
        .order_by(*_MOST_TELLING)
    )
    return [(each, found[each.id]) for each in series]


def means(session: Session, series_id: int, architecture_ids: Collection[int]) -> dict[int, float]:
    """Of those architectures that have values: the mean over their spellings."""
    found = mean_of_each(series_id, architecture_ids)
    rows = session.execute(select(found.c.architecture_id, found.c.value))
    return dict(rows.tuples().all())


def mean_of_each(series_id: int, architecture_ids: Collection[int] | None = None) -> Subquery:
    """`architecture_id` and `value`, the mean over its spellings; of these or of all."""
    spellings = select(SeriesValue.architecture_id, func.avg(SeriesValue.value).label("value"))
    spellings = spellings.where(SeriesValue.series_id == series_id)
    if architecture_ids is not None:
        spellings = spellings.where(SeriesValue.architecture_id.in_(architecture_ids))
    each = spellings.group_by(SeriesValue.architecture_id, SeriesValue.spelling).subquery()
    return (
        select(each.c.architecture_id, func.avg(each.c.value).label("value"))
        .group_by(each.c.architecture_id)
        .subquery()
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """A series with one value a spelling, the mean over its seeds; sorted by spelling."""

    architecture_id: NDArray[np.int64]
    """(n,)."""
    hash: NDArray[np.bytes_]
    """(n,)."""
    spelling: Sequence[str]
    """As compact JSON."""
    whole: NDArray[np.bool_]
    """(n,)."""
    value: NDArray[np.float64]
    """(n,)."""


def columns(
    session: Session, series_id: int, after: str | None = None, limit: int | None = None
) -> Columns:
    """A series in memory, 250 bytes a spelling; or so many spellings behind one."""
    query = (
        select(
            func.min(SeriesValue.architecture_id),
            func.min(Architecture.hash),
            SeriesValue.spelling,
            func.bool_and(SeriesValue.whole),
            func.avg(SeriesValue.value),
        )
        .join(Architecture, Architecture.id == SeriesValue.architecture_id)
        .where(SeriesValue.series_id == series_id)
        .group_by(SeriesValue.spelling)
        .order_by(SeriesValue.spelling)
        .limit(limit)
    )
    if after is not None:
        query = query.where(SeriesValue.spelling > after)
    rows = session.execute(query).all()
    ids, hashes, spellings, wholes, values = zip(*rows, strict=True) if rows else ((),) * 5
    return Columns(
        np.array(ids, np.int64),
        np.array(hashes, "S32"),
        spellings,
        np.array(wholes, bool),
        np.array(values, np.float64),
    )
