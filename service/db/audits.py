"""Queries of an audit, which reads stored scores and writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from service.db.models import Architecture, Evaluation, Protocol, Score
from service.db.scores import CURRENT


@dataclass(frozen=True, slots=True)
class Stored:
    """One score as it stands in the table."""

    value: float | None
    undefined: str | None
    device: str
    torch: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """An architecture under a protocol, with every score it has in the catalogue's revisions."""

    scores: Mapping[str, Stored]
    """By proxy; never empty."""
    evaluation_id: int
    architecture_id: int
    protocol_id: int
    digest: str
    """Of the protocol."""
    bench: str
    hash: str
    spec: Mapping[str, Any]


def draw(session: Session, size: int, seed: int, bench: str | None = None) -> list[Drawn]:
    """A uniform sample of up to `size` scored pairs of architecture and protocol, by protocol;
    trainings are left out.

    The first by a hash of their number: a seed draws the same pairs from the same database, and
    after more was scored most of them again. Sorts the ledger, and looks up the scores of no more
    pairs than it returns and those without any that lie before them.
    """
    place = func.hashint8extended(Evaluation.id, seed).label("place")
    ledger = (
        select(Evaluation.id, Evaluation.architecture_id, Evaluation.protocol_id, place)
        .order_by(place, Evaluation.id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .where(Protocol.run.is_(None))  # To train again takes hours.
        .offset(0)  # Keeps it a query of its own: it is sorted before the scores are looked up.
    )
    if bench is not None:
        ledger = ledger.where(Protocol.bench == bench)
    pairs = ledger.subquery()
    columns = (Score.proxy, Score.value, Score.undefined, Score.device, Score.torch)
    scores = (
        select(
            *(
                func.array_agg(aggregate_order_by(column, Score.proxy)).label(column.key)
                for column in columns
            )
        )
        .where(
            Score.architecture_id == pairs.c.architecture_id,
            Score.protocol_id == pairs.c.protocol_id,
            CURRENT,
        )
        .lateral("scores")
    )
    first = (
        select(pairs, *scores.c)
        .join(scores, true())
        .where(scores.c.proxy.is_not(None))
        .order_by(pairs.c.place, pairs.c.id)
        .limit(size)
        .subquery()
    )
    which = (first.c.id, first.c.architecture_id, first.c.protocol_id)
    rows = session.execute(
        select(*which, Protocol.digest, Architecture.bench, Architecture.hash, Architecture.spec)
        .add_columns(*(first.c[column.key] for column in columns))
        .join(Architecture, Architecture.id == first.c.architecture_id)
        .join(Protocol, Protocol.id == first.c.protocol_id)
        .order_by(first.c.protocol_id, first.c.id)
    )
    found = []
    for *pair, names, values, undefined, devices, versions in rows:
        of_proxies = zip(names, values, undefined, devices, versions, strict=True)
        stored = {name: Stored(*each) for name, *each in of_proxies}
        found.append(Drawn(stored, *pair))
    return found
