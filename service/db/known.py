"""Which architectures have a trained accuracy, as the filters of boards know it.

Scores that are added while accuracies of their bench are placed would miss each other: neither
transaction sees the other's rows. So who adds scores holds the bench's lock shared, and who places
accuracies holds it alone, for some architectures at a time.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.connect import wait_for_locks
from service.db.models import Protocol, Series, Unplaced

LOCK = 7_236_012
"""Of PostgreSQL's advisory locks, with the hash of the bench's name; the triggers' too."""

PLACED_AT_ONCE = 500
"""Architectures: with fifty boards half a second, during which no scores are written."""


def share(session: Session, protocol_ids: Collection[int]) -> None:
    """Holds the locks of the protocols' benches shared until the transaction ends."""
    benches = (
        select(Protocol.bench)
        .where(Protocol.id.in_(protocol_ids))
        .distinct()
        .order_by(Protocol.bench)
        .subquery()
    )
    lock = func.pg_advisory_xact_lock_shared(LOCK, func.hashtext(benches.c.bench))
    session.execute(select(lock).select_from(benches))


def place(session: Session, bench: str, *, patient: bool = True) -> int:
    """Places some of the architectures that have got accuracies; returns how many, 0 where none is
    left. Who is not patient places none while the bench's lock is held. A transaction's only work.
    """
    if patient:
        wait_for_locks(session)
    placed = func.place_noted(bench, PLACED_AT_ONCE, patient)
    found: int = session.execute(select(placed)).scalar_one()
    return found


def waiting(session: Session) -> Sequence[str]:
    """The benches that have architectures to place: those of a process that died over it."""
    noted = select(Unplaced.series_id).where(Unplaced.series_id == Series.id).exists()
    return session.scalars(select(Series.bench).where(noted).distinct()).all()
