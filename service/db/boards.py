"""Queries on boards: the scores that are ranked together, whole or those that a filter leaves.

`places` and `board_counts` follow from `scores`: PostgreSQL itself keeps them, by triggers of
migration 0006, in the transaction that adds scores. Accuracies are placed by `service.db.known`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    and_,
    bindparam,
    column,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalogue import Direction
from service.db import accuracies
from service.db.models import Architecture, Board, BoardCount, Place, Score, Series
from service.db.size_classes import UNBOUNDED, Range, meeting


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a board is asked for."""

    parameters: Range = UNBOUNDED
    """Of the `full` network with ten classes."""
    flops: Range = UNBOUNDED
    known: bool = False
    """Only architectures with a trained accuracy."""


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a board."""

    architecture_id: int
    hash: str
    spec: Mapping[str, Any]
    parameters: int
    """Of the `full` network with ten classes."""
    flops: int
    value: float
    accuracy: float | None
    """In the series asked for: the mean over the trained spellings."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many architectures a board has, by size class."""

    id: int | None = None
    """Of the board; None where nothing was scored on it."""
    defined: Mapping[int, int] = field(default_factory=dict)
    known: Mapping[int, int] = field(default_factory=dict)
    """Of the defined, those with a trained accuracy."""
    undefined: int = 0

    @property
    def total(self) -> int:
        return sum(self.defined.values())


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is ranked together: scores by one proxy or ensemble under one protocol."""

    protocol_id: int | None
    """None where nothing was ever asked under it."""
    proxy: str
    revision: int | None
    """Of an ensemble, the version of its population; None where there is none."""
    direction: Direction


@dataclass(frozen=True, slots=True)
class Asked:
    """A board, and what of it is asked for."""

    ranking: Ranking
    counted: Counts
    wanted: Filter
    truth: int | None
    """The series that accuracies are of."""

    @property
    def by_class(self) -> Mapping[int, int]:
        return self.counted.known if self.wanted.known else self.counted.defined

    @property
    def larger(self) -> bool:
        """Whether the larger value is the better one."""
        return self.ranking.direction == "larger"


async def counts(session: AsyncSession, ranking: Ranking) -> Counts:
    """What was counted as scores were added, so that it costs the same for any board."""
    if ranking.protocol_id is None or ranking.revision is None:
        return Counts()
    rows = await session.execute(
        select(
            Board.id,
            BoardCount.known,
            BoardCount.size_class,
            BoardCount.defined,
            BoardCount.undefined,
        )
        .join(BoardCount, BoardCount.board_id == Board.id)
        .where(
            Board.protocol_id == ranking.protocol_id,
            Board.proxy == ranking.proxy,
            Board.revision == ranking.revision,
        )
    )
    board_id = None
    found: tuple[dict[int, int], dict[int, int]] = ({}, {})
    undefined = 0
    for board_id, known, size_class, defined, without in rows:  # noqa: B007
        found[known][size_class] = defined
        undefined += without
    return Counts(board_id, *found, undefined)


async def total(session: AsyncSession, asked: Asked) -> int:
    """How many rows a filter leaves; only classes that it cuts are counted one by one."""
    whole, cut = meeting(asked.by_class, asked.wanted.parameters, asked.wanted.flops)
    found = sum(asked.by_class[each] for each in whole)
    if cut:
        rows = (
            select(func.count())
            .select_from(Place)
            .where(listed(asked), Place.size_class.in_(cut), *within(asked.wanted))
        )
        found += (await session.execute(rows)).scalar_one()
    return found


async def page(
    session: AsyncSession, asked: Asked, after: tuple[float, int] | None, limit: int
) -> list[Row]:
    """Up to `limit` rows, best first, behind the row of value and id `after`.

    Pages by key, not by offset: the middle of a board costs what its first page does. With a filter
    the best of each size class are merged, wherever on the board they stand.
    """
    if asked.counted.id is None:
        return []
    best = (_best if asked.wanted == EVERYTHING else _best_of_classes)(asked, after, limit)
    found = await session.execute(
        select(*COLUMNS, best.c.value)
        .join(best, best.c.architecture_id == Architecture.id)
        .order_by(*order(best.c.value, best.c.architecture_id, asked.larger))
    )
    return await rows(session, asked, found.all())


COLUMNS = (
    Architecture.id,
    Architecture.hash,
    Architecture.spec,
    Architecture.parameters,
    Architecture.flops,
)


async def rows(session: AsyncSession, asked: Asked, found: Sequence[Any]) -> list[Row]:
    """What has the `COLUMNS` and a score as rows of the board, which have their accuracies too."""
    means: Mapping[int, float] = {}
    if asked.truth is not None:
        means = await session.run_sync(accuracies.means, asked.truth, [each.id for each in found])
    return [
        Row(id_, digest, spec, parameters, flops, value, means.get(id_))
        for id_, digest, spec, parameters, flops, value in found
    ]


def _best(asked: Asked, after: tuple[float, int] | None, limit: int) -> Subquery:
    return (
        select(Score.value, Score.architecture_id)
        .where(
            Score.protocol_id == asked.ranking.protocol_id,
            Score.proxy == asked.ranking.proxy,
            Score.revision == asked.ranking.revision,
            Score.value.is_not(None),
            *_behind(tuple_(Score.value, Score.architecture_id), after, asked.larger),
        )
        .order_by(*order(Score.value, Score.architecture_id, asked.larger))
        .limit(limit)
        .subquery()
    )


def _best_of_classes(asked: Asked, after: tuple[float, int] | None, limit: int) -> Subquery:
    whole, cut = meeting(asked.by_class, asked.wanted.parameters, asked.wanted.flops)
    wanted = bindparam("classes", whole + cut, type_=ARRAY(Integer))
    classes = (
        func.unnest(wanted)
        .table_valued(column("size_class", Integer), name="classes")
        .render_derived()
    )
    of_class = (
        select(Place.value, Place.architecture_id)
        .where(
            listed(asked),
            Place.size_class == classes.c.size_class,
            *within(asked.wanted),
            *_behind(tuple_(Place.value, Place.architecture_id), after, asked.larger),
        )
        .order_by(*order(Place.value, Place.architecture_id, asked.larger))
        .limit(limit)
        .lateral()
    )
    return (
        select(of_class.c.value, of_class.c.architecture_id)
        .select_from(classes.join(of_class, true()))
        .order_by(*order(of_class.c.value, of_class.c.architecture_id, asked.larger))
        .limit(limit)
        .subquery()
    )


async def truths(session: AsyncSession, bench: str) -> list[tuple[int, int]]:
    """The accuracy series of a bench, and how often each was written to."""
    rows = await session.execute(
        select(Series.id, Series.changes)
        .where(Series.bench == bench, Series.kind == "accuracy")
        .order_by(Series.id)
    )
    return [(series, changes) for series, changes in rows]


def listed(asked: Asked) -> ColumnElement[bool]:
    """Of places: whether they are those of the board, or of its known part."""
    return and_(Place.board_id == asked.counted.id, Place.known == asked.wanted.known)


def within(asked: Filter) -> list[ColumnElement[bool]]:
    """Of places: whether their sizes are within the bounds; none where nothing is bounded."""
    bounds = []
    for measure, wanted in ((Place.parameters, asked.parameters), (Place.flops, asked.flops)):
        if wanted.least is not None:
            bounds.append(measure >= wanted.least)
        if wanted.most is not None:
            bounds.append(measure <= wanted.most)
    return bounds


def _behind(
    key: ColumnElement[Any], after: tuple[float, int] | None, larger: bool
) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    return [key < after if larger else key > after]


def order(value: Any, architecture_id: Any, larger: bool) -> tuple[Any, Any]:
    """Equal values by id, in the same direction."""
    return (
        (value.desc(), architecture_id.desc()) if larger else (value.asc(), architecture_id.asc())
    )
