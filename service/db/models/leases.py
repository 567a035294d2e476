"""Leases: what workers have in hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class Lease(Base):
    """A worker's hold on a chunk.

    A table of its own: a heartbeat that touched the evaluations themselves would wait for, and
    deadlock with, the requests that lock them to ask for more.
    """

    __tablename__ = "leases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    worker_id: Mapped[UUID | None]
    """Whose it is, for who looks on; nothing is decided by it."""
    job_id: Mapped[UUID | None]
    """The job that the chunk was claimed for."""
    question: Mapped[dict[str, Any] | None]
    """Of evidence, what is asked: see `service.db.questions`."""
