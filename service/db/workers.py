"""Queries on workers."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db.models import Worker


def seen(session: Session, worker_id: UUID) -> None:
    session.execute(update(Worker).where(Worker.id == worker_id).values(seen_at=func.now()))


def forget(session: Session, worker_id: UUID) -> None:
    session.execute(delete(Worker).where(Worker.id == worker_id))


def forget_dead(session: Session, seconds: float) -> None:
    """Those that said nothing for so long and did not take their leave."""
    silent = Worker.seen_at < func.now() - timedelta(seconds=seconds)
    session.execute(delete(Worker).where(silent))


async def alive(session: AsyncSession, seconds: float) -> int:
    """How many workers were heard of within the last `seconds`."""
    found = await session.scalar(
        select(func.count())
        .select_from(Worker)
        .where(Worker.seen_at > func.now() - timedelta(seconds=seconds))
    )
    return found or 0
