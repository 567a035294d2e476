"""Reduced trainings, epoch by epoch."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.architectures import Architecture
from service.db.models.metadata import Base


class Training(Base):
    """One network's reduced training: it goes on from here, and answers all that is shorter."""

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint(
            "cardinality(accuracies) = cardinality(losses) "
            "AND cardinality(accuracies) = cardinality(seconds)",
            name="of_each_epoch",
        ),
        # Old ones are looked for at every sweep.
        Index(
            "ix_trainings_checkpoint",
            "updated_at",
            postgresql_where=text("checkpoint IS NOT NULL"),
        ),
    )

    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id), primary_key=True)
    run: Mapped[str] = mapped_column(primary_key=True)
    """What all protocols share under which it has the same epochs, as a digest."""
    accuracies: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """On the test images after each epoch, in [0, 1]."""
    losses: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """The mean of each epoch's training images."""
    seconds: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """What each epoch took."""
    diverged: Mapped[str | None]
    """Why there is no further epoch; None where there may be."""
    checkpoint: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the last epoch; None where there is none behind it."""
    device: Mapped[str]
    """Of the last epoch, as the next."""
    torch: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    """When its last epoch was written."""
