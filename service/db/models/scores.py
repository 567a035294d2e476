"""Scores."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.architectures import Architecture
from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Score(Base):
    """Insert-only: the first value of a key stays."""

    __tablename__ = "scores"
    __table_args__ = (
        # Postgres sorts NaN and Infinity above every number: such a value would lead a ranking.
        CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name="finite"),
        CheckConstraint("(value IS NULL) = (undefined IS NOT NULL)", name="value_or_reason"),
        Index(
            "ix_scores_board",
            "protocol_id",
            "proxy",
            "revision",
            "value",
            "architecture_id",
            postgresql_where=text("value IS NOT NULL"),
        ),
        # Of the undefined there are few; without it, to count them takes a look at every score.
        Index(
            "ix_scores_undefined",
            "protocol_id",
            "proxy",
            "revision",
            postgresql_where=text("value IS NULL"),
        ),
    )

    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), primary_key=True)
    proxy: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float | None] = mapped_column(Double)
    undefined: Mapped[str | None]
    """Why there is no value."""
    device: Mapped[str]
    torch: Mapped[str]
    seconds: Mapped[float] = mapped_column(Double)
    """Of the whole computation that gave this score and its companions."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
