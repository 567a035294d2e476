"""Workers, and how fast they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class Worker(Base):
    """A worker process and when it was last heard of."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    device: Mapped[str]
    torch: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Throughput(Base):
    """How many architectures a worker has settled in a slot of time, see `service.db.throughput`.

    Kept for an hour: it says how fast work goes, and nothing else depends on it.
    """

    __tablename__ = "throughput"

    worker_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Of one that may be gone by now."""
    began: Mapped[datetime] = mapped_column(primary_key=True)
    evaluated: Mapped[int]
    failed: Mapped[int]
