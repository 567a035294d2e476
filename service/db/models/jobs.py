"""Jobs and their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.evaluations import Evaluation
from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Job(Base):
    """What one request asked for: a list of evaluations and the proxies wanted of them."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("priority IN ('live', 'bulk', 'background')", name="priority"),
        CheckConstraint("state IN ('running', 'done', 'cancelled')", name="state"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        CheckConstraint(
            "state = 'cancelled' OR (state = 'done') = (unfinished = 0)", name="done_waits_for_none"
        ),
        CheckConstraint("unfinished BETWEEN 0 AND size", name="unfinished_of_size"),
        CheckConstraint(
            "(idempotency_key IS NULL) = (request_sha256 IS NULL)", name="key_with_request"
        ),
        Index("ix_jobs_running", "priority", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_ended_at", "ended_at", postgresql_where=text("state <> 'running'")),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id))
    proxies: Mapped[list[str]]
    priority: Mapped[str]
    request_id: Mapped[str]
    state: Mapped[str]
    size: Mapped[int]
    """How many items the job has."""
    unfinished: Mapped[int]
    """How many of them still wait for their answer."""
    finishes: Mapped[int]
    """How often an item has finished: the number of the job's latest event. More than `size` where
    a failed one was tried again."""
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    request_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the request that first came with the key."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class JobItem(Base):
    """One architecture of a job, in the order asked."""

    __tablename__ = "job_items"
    __table_args__ = (
        Index("ix_job_items_unfinished", "job_id", postgresql_where=text("finished IS NULL")),
        Index(
            "uq_job_items_finished",
            "job_id",
            "finished",
            unique=True,
            postgresql_where=text("finished IS NOT NULL"),
        ),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey(Evaluation.id), index=True)
    asked: Mapped[dict[str, Any]]
    finished: Mapped[int | None]
    """Which of the job's `finishes` was this item's: its evaluation has answered, with scores or
    with a failure, all that the job asked. None while it has not."""
