"""How much workers do when: counted by slots of time as results are written, and soon forgotten."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db.models import Throughput

SLOT_SECONDS = 10
"""A worker writes once a second: ten writes a slot, one row."""

KEPT_SECONDS = 3_600
"""Whoever looks is shown minutes."""

_SLOT = func.date_bin(
    timedelta(seconds=SLOT_SECONDS), func.now(), text("TIMESTAMPTZ '2000-01-01 00:00:00+00'")
)
"""When the slot of this moment began, by the database's clock."""


def add(session: Session, worker: UUID, *, evaluated: int = 0, failed: int = 0) -> None:
    """Counts what a worker writes in the same transaction."""
    fresh = insert(Throughput).values(
        worker_id=worker, began=_SLOT, evaluated=evaluated, failed=failed
    )
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[Throughput.worker_id, Throughput.began],
            set_={
                "evaluated": Throughput.evaluated + fresh.excluded.evaluated,
                "failed": Throughput.failed + fresh.excluded.failed,
            },
        )
    )


def forget_old(session: Session) -> None:
    old = Throughput.began < func.now() - timedelta(seconds=KEPT_SECONDS)
    session.execute(delete(Throughput).where(old))


class Slot(NamedTuple):
    """What one worker settled in the slot that began then."""

    worker_id: UUID
    began: datetime
    evaluated: int
    failed: int


async def slots(session: AsyncSession, count: int) -> tuple[datetime, datetime, list[Slot]]:
    """This moment, when its slot began, and what was settled in it and the `count` before it."""
    now, current = (await session.execute(select(func.now(), _SLOT))).one()
    rows = await session.execute(
        select(Throughput.worker_id, Throughput.began, Throughput.evaluated, Throughput.failed)
        .where(Throughput.began >= current - timedelta(seconds=count * SLOT_SECONDS))
        .order_by(Throughput.began)
    )
    return now, current, [Slot(*row) for row in rows]
