"""Queries on what passes take, summed up by bench, protocol and device."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.cost import Took
from service.db.models import PassSeconds


class Setting(NamedTuple):
    """Where passes compare: datasets and seeds change nothing of what they take."""

    bench: str
    protocol: str
    """The name."""
    device: str


def add(session: Session, took: Mapping[tuple[Setting, str], Took]) -> None:
    """Adds times by setting and pass."""
    rows = [
        {**setting._asdict(), "name": name, **of_pass._asdict()}
        # In one order, so that no two workers wait for each other in a circle.
        for (setting, name), of_pass in sorted(took.items())
    ]
    if not rows:
        return
    fresh = insert(PassSeconds).values(rows)
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["bench", "protocol", "device", "name"],
            set_={
                "evaluations": PassSeconds.evaluations + fresh.excluded.evaluations,
                "seconds": PassSeconds.seconds + fresh.excluded.seconds,
            },
        )
    )


def every(
    session: Session, bench: str | None = None, protocol: str | None = None
) -> dict[Setting, dict[str, Took]]:
    """By setting the timed passes: of one bench and protocol, or of all."""
    query = select(PassSeconds).order_by(
        PassSeconds.bench, PassSeconds.protocol, PassSeconds.device
    )
    if bench is not None:
        query = query.where(PassSeconds.bench == bench)
    if protocol is not None:
        query = query.where(PassSeconds.protocol == protocol)
    found: dict[Setting, dict[str, Took]] = {}
    for row in session.scalars(query):
        passes = found.setdefault(Setting(row.bench, row.protocol, row.device), {})
        passes[row.name] = Took(row.evaluations, row.seconds)
    return found
