"""Evaluations: the ledger of work."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.architectures import Architecture
from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Evaluation(Base):
    """The ledger of work: one architecture under one protocol."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("architecture_id", "protocol_id"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint(
            "(state IN ('done', 'failed')) = (outstanding = '{}')", name="settled_owes_nothing"
        ),
        CheckConstraint(
            "state IN ('queued', 'running') OR (state = 'failed') = (failed <> '{}')",
            name="failed_says_at_what",
        ),
        CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name="running_leased"),
        Index("ix_evaluations_queued", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_evaluations_lease", "lease", postgresql_where=text("lease IS NOT NULL")),
        Index("ix_evaluations_failed", "id", postgresql_where=text("failed <> '{}'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id))
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), index=True)
    outstanding: Mapped[list[str]] = mapped_column(server_default="{}")
    """The proxies asked for and not yet scored."""
    failed: Mapped[list[str]] = mapped_column(server_default="{}")
    """The proxies that were tried and given up, for the reason in `error`."""
    state: Mapped[str] = mapped_column(server_default="done")
    suspect: Mapped[bool] = mapped_column(server_default=text("false"))
    """Was being computed when a worker died: it is claimed alone from now on."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often it was alone when its worker died."""
    lease: Mapped[UUID | None]
    """Of the worker that computes it; no row of `leases` is the same as one that ran out."""
    alone: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the lease is for this evaluation alone."""
    error: Mapped[dict[str, Any] | None]
