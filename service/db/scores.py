"""Queries on scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.catalogue import CATALOGUE, Proxy
from service.db.models import Architecture, Evaluation, Protocol, Score
from service.db.parts import in_parts


@dataclass(frozen=True, slots=True)
class Scored:
    """What is known of one architecture under one protocol, for the proxies asked about."""

    values: dict[str, float] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)
    state: str | None = None
    """Of its evaluation, None where it was never asked for."""
    error: Mapping[str, Any] | None = None
    given_up: Collection[str] = ()
    """The proxies that failed, for the reason in `error`."""

    def failed(self, proxies: Collection[str]) -> bool:
        """Whether one of the proxies was tried and given up."""
        return any(name in self.given_up for name in proxies)

    def awaited(self, proxies: Collection[str]) -> set[str]:
        """The proxies that have neither a score nor a reason nor failed."""
        answered = {*self.values, *self.undefined, *self.given_up}
        return {name for name in proxies if name not in answered}


CURRENT = tuple_(Score.proxy, Score.revision).in_(
    [(proxy.name, proxy.revision) for proxy in CATALOGUE.values()]
)
"""Whether a score is of the catalogue's revisions."""


def _known(protocol_id: ColumnElement[int]) -> Select[Any]:
    return (
        select(
            Architecture.hash,
            func.array_agg(Score.proxy),
            func.array_agg(Score.value),
            func.array_agg(Score.undefined),
            Evaluation.state,
            Evaluation.error,
            Evaluation.failed,
        )
        .select_from(Architecture)
        .outerjoin(
            Score,
            and_(
                Score.architecture_id == Architecture.id,
                Score.protocol_id == protocol_id,
                Score.proxy == any_(bindparam("proxies", type_=ARRAY(Text))),
                CURRENT,
            ),
        )
        .outerjoin(
            Evaluation,
            and_(
                Evaluation.architecture_id == Architecture.id,
                Evaluation.protocol_id == protocol_id,
            ),
        )
        .where(
            Architecture.bench == bindparam("bench", type_=Text),
            Architecture.hash == any_(bindparam("hashes", type_=ARRAY(Text))),
        )
        .group_by(Architecture.hash, Evaluation.id)
    )


# Made once: to put them together takes longer than to run them.
_KNOWN_BY_ID = _known(bindparam("protocol", type_=Integer))
_KNOWN_BY_DIGEST = _known(
    select(Protocol.id)
    .where(Protocol.digest == bindparam("protocol", type_=Text))
    .scalar_subquery()
)


async def known(
    session: AsyncSession,
    bench: str,
    protocol: int | str,
    hashes: Collection[str],
    proxies: Collection[str],
) -> dict[str, Scored]:
    """What is known of each hash under a protocol, named by its id or its digest.

    Hashes never seen are left out; under a digest never seen nothing is known of the others.
    """
    found: dict[str, Scored] = {}
    for some in in_parts(list(hashes)):
        rows = await session.execute(
            _KNOWN_BY_ID if isinstance(protocol, int) else _KNOWN_BY_DIGEST,
            {"bench": bench, "protocol": protocol, "hashes": some, "proxies": list(proxies)},
        )
        for digest, names, values, undefined, state, error, given_up in rows:
            found[digest] = Scored(
                {n: v for n, v in zip(names, values, strict=True) if v is not None},
                {n: u for n, u in zip(names, undefined, strict=True) if u is not None},
                state,
                error,
                given_up or (),
            )
    return found


async def provenance(session: AsyncSession, architecture_id: int) -> Sequence[tuple[Score, str]]:
    """Every score of an architecture in the catalogue's revisions, with its protocol's digest."""
    rows = await session.execute(
        select(Score, Protocol.digest)
        .join(Protocol, Protocol.id == Score.protocol_id)
        .where(Score.architecture_id == architecture_id, CURRENT)
        .order_by(Protocol.id, Score.proxy)
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a board."""

    architecture_id: int
    hash: str
    spec: Mapping[str, Any]
    value: float


def _board(protocol_id: int, proxy: Proxy) -> ColumnElement[bool]:
    return and_(
        Score.protocol_id == protocol_id,
        Score.proxy == proxy.name,
        Score.revision == proxy.revision,
    )


async def board(
    session: AsyncSession,
    protocol_id: int,
    proxy: Proxy,
    bench: str,
    after: tuple[float, int] | None,
    limit: int,
) -> list[Place]:
    """Up to `limit` rows, best first, behind the row of value and id `after`.

    Pages by key, not by offset: the middle of a board costs what its first page does.
    """
    larger = proxy.better[bench] == "larger"
    key = tuple_(Score.value, Score.architecture_id)
    query = (
        select(Architecture.id, Architecture.hash, Architecture.spec, Score.value)
        .join(Architecture, Architecture.id == Score.architecture_id)
        .where(_board(protocol_id, proxy), Score.value.is_not(None))
        .limit(limit)
    )
    if larger:
        query = query.order_by(Score.value.desc(), Score.architecture_id.desc())
    else:
        query = query.order_by(Score.value, Score.architecture_id)
    if after is not None:
        query = query.where(key < after if larger else key > after)
    rows = await session.execute(query)
    return [Place(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Size:
    """How many architectures of a board have a value, and how many are undefined."""

    defined: int
    undefined: int


async def board_size(session: AsyncSession, protocol_id: int, proxy: Proxy) -> Size:
    """Each count reads an index of its own alone; together they would read the whole table."""
    of_board = select(func.count()).select_from(Score).where(_board(protocol_id, proxy))
    row = await session.execute(
        select(
            of_board.where(Score.value.is_not(None)).scalar_subquery(),
            of_board.where(Score.value.is_(None)).scalar_subquery(),
        )
    )
    return Size(*row.one())


def store(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes scores; where a key has a value already, that value stays."""
    session.execute(insert(Score).on_conflict_do_nothing(), list(rows))
