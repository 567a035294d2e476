"""Series of trained accuracies, and of other tools' scores."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.architectures import Architecture
from service.db.models.metadata import Base


class Series(Base):
    """A column of somebody's table: trained accuracies of a bench, or scores by another tool."""

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint("bench", "name"),
        CheckConstraint("kind IN ('accuracy', 'score')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    bench: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    """What requests call it: `cifar10-test-200ep`, `suitezero.synflow.cifar10`."""
    dataset: Mapped[str]
    split: Mapped[str | None]
    """Of an accuracy: `validation` or `test`."""
    metric: Mapped[str]
    """The unit and what it says, such as `top1_percent`."""
    epochs: Mapped[int | None]
    """Of training, for an accuracy."""
    source: Mapped[str]
    """Who measured it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How often values were written: what was computed from an older number is stale."""
    value_count: Mapped[int] = mapped_column(server_default="0")
    """Kept by a trigger, as the next."""
    architecture_count: Mapped[int] = mapped_column(server_default="0")
    """How many have a value."""


class SeriesValue(Base):
    """One value of a series: of one spelling and one training seed."""

    __tablename__ = "series_values"
    __table_args__ = (
        CheckConstraint("value BETWEEN -1e15 AND 1e15", name="bounded"),
        UniqueConstraint("series_id", "spelling", "seed", postgresql_nulls_not_distinct=True),
        Index("ix_series_values_architecture_id", "architecture_id", "series_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"))
    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id))
    spelling: Mapped[str]
    """The spelling as it was read, as compact JSON with sorted keys: the table has a value for
    each, and an architecture has many."""
    whole: Mapped[bool]
    """Whether every operation of the spelling lies on a path from input to output."""
    seed: Mapped[int | None]
    """Of the training; None where the value is a mean over seeds or the seed is not told."""
    value: Mapped[float] = mapped_column(Double)


class Unplaced(Base):
    """An architecture that has got an accuracy, and is to be placed where boards' filters look for
    such; a trigger notes it."""

    __tablename__ = "unplaced"

    series_id: Mapped[int] = mapped_column(
        ForeignKey(Series.id, ondelete="CASCADE"), primary_key=True
    )
    architecture_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
