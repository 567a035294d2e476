"""Queries on workers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db.models import Worker


@dataclass(frozen=True, slots=True)
class Identity:
    """Which worker it is, where, on what."""

    id: UUID
    host: str
    pid: int
    device: str
    torch: str


def seen(session: Session, identity: Identity) -> None:
    """The worker lives. One that was struck off meanwhile is on the list again."""
    session.execute(
        insert(Worker)
        .values(**asdict(identity))
        .on_conflict_do_update(index_elements=[Worker.id], set_={"seen_at": func.now()})
    )


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


async def heard_of(session: AsyncSession, seconds: float) -> Sequence[Worker]:
    """The workers heard of within the last `seconds`, the oldest first."""
    found = await session.scalars(
        select(Worker)
        .where(Worker.seen_at > func.now() - timedelta(seconds=seconds))
        .order_by(Worker.started_at, Worker.id)
    )
    return found.all()
