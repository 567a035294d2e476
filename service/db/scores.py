"""Queries on scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    any_,
    bindparam,
    column,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.catalogue import PROXIES
from service.db.models import Architecture, Evaluation, PopulationScores, Protocol, Score
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
        # An ensemble is not waited for: it has its score as soon as its members have theirs.
        return {name for name in proxies if name in PROXIES and name not in answered}


CURRENT = tuple_(Score.proxy, Score.revision).in_(
    [(proxy.name, proxy.revision) for proxy in PROXIES.values()]
)
"""Whether a score is of the catalogue's revisions; none of an ensemble is."""


def _stands(
    population: ColumnElement[int | None] | InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """Whether a score is current: of the catalogue's revisions, or of an ensemble against the
    protocol's population."""
    return or_(CURRENT, and_(Score.proxy.not_in(PROXIES), Score.revision == population))


def _known(named: ColumnElement[bool]) -> Select[Any]:
    protocol_id = select(Protocol.id).where(named).scalar_subquery()
    population = select(Protocol.population).where(named).scalar_subquery()
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
                _stands(population),
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
_KNOWN_BY_ID = _known(Protocol.id == bindparam("protocol", type_=Integer))
_KNOWN_BY_DIGEST = _known(Protocol.digest == bindparam("protocol", type_=Text))


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


@dataclass(frozen=True, slots=True)
class Standing:
    """A score, and where it stands in its protocol's reference population."""

    score: Score
    digest: str
    """Of the protocol."""
    document: Mapping[str, Any]
    """Of the protocol, too."""
    population: int | None
    """Its version; None where there is none, or none with scores by this revision."""
    below: int | None
    """How many members have a smaller value."""
    equal: int | None
    above: int | None
    members: int | None
    """The undefined ones included, which are in neither count."""


async def provenance(session: AsyncSession, architecture_id: int) -> list[Standing]:
    """Every current score of an architecture."""
    members = (
        func.unnest(PopulationScores.values).table_valued("value", name="member").render_derived()
    )
    member = members.c.value
    counts = (
        select(
            func.count().filter(member < Score.value).label("below"),
            func.count().filter(member == Score.value).label("equal"),
            func.count().filter(member > Score.value).label("above"),
            func.count().label("members"),
        )
        .select_from(members)
        .lateral()
    )
    rows = await session.execute(
        select(Score, Protocol.digest, Protocol.document, PopulationScores.version, *counts.c)
        .join(Protocol, Protocol.id == Score.protocol_id)
        .outerjoin(
            PopulationScores,
            and_(
                PopulationScores.protocol_id == Score.protocol_id,
                PopulationScores.version == Protocol.population,
                PopulationScores.proxy == Score.proxy,
                PopulationScores.revision == Score.revision,
            ),
        )
        .outerjoin(counts, PopulationScores.version.is_not(None))
        .where(Score.architecture_id == architecture_id, _stands(Protocol.population))
        .order_by(Protocol.id, Score.proxy)
    )
    return [Standing(*row) for row in rows]


_COLUMNS = {
    "architecture_id": BigInteger,
    "protocol_id": Integer,
    "proxy": Text,
    "revision": SmallInteger,
    "value": Double,
    "undefined": Text,
    "device": Text,
    "torch": Text,
    "seconds": Double,
}
_GIVEN = (
    func.unnest(*(bindparam(f"every_{name}", type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))
    .table_valued(*(column(name, kind) for name, kind in _COLUMNS.items()), name="given")
    .render_derived()
)
# One statement: what follows from added scores is written once for each (see `service.db.boards`).
_STORE = insert(Score).from_select(list(_COLUMNS), select(*_GIVEN.c)).on_conflict_do_nothing()


def store(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes scores; where a key has a value already, that value stays."""
    given = {f"every_{name}": [row[name] for row in rows] for name in _COLUMNS}
    # An array is of one type: a sum over no passes is a whole number.
    for name in ("every_value", "every_seconds"):
        given[name] = [None if each is None else float(each) for each in given[name]]
    # Not the session's own way, which would take the parameters for rows of the table.
    session.connection().execute(_STORE, given)
