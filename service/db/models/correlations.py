"""Evidence: how scores rank accuracies."""

from datetime import datetime
from typing import Any

from sqlalchemy import Double, ForeignKey, Identity, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.accuracies import Series
from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Correlation(Base):
    """How well one score ranks one truth, as a worker has computed it from stored rows."""

    __tablename__ = "correlations"
    __table_args__ = (
        UniqueConstraint(
            "truth_id",
            "members",
            "proxy",
            "protocol_id",
            "revision",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    truth_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"))
    members: Mapped[str]
    """The set: `classes`, `spellings`, or `whole_spellings`."""
    proxy: Mapped[str]
    """A proxy, an ensemble, or the name of a series."""
    protocol_id: Mapped[int | None] = mapped_column(ForeignKey(Protocol.id))
    """None for a series."""
    revision: Mapped[int | None] = mapped_column(SmallInteger)
    findings: Mapped[dict[str, Any]]
    """Sizes, and for all members and for the true top tenth each metric with its interval."""
    inputs: Mapped[str]
    """What it was computed from, so that one can see that it is stale."""
    seconds: Mapped[float] = mapped_column(Double)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
