"""Ensembles, and the reference populations that they are ranked against."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Population(Base):
    """A frozen reference population: architectures whose scores under a protocol are known, so
    that any other can be ranked among them."""

    __tablename__ = "populations"
    __table_args__ = (
        UniqueConstraint("protocol_id", "sha256"),
        CheckConstraint("origin IN ('package', 'built')", name="origin"),
    )

    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """From 1, counted by protocol. The revision of the ensembles' scores that stand against it."""
    sha256: Mapped[str]
    """Of its content, the rules of the ensembles included."""
    description: Mapped[str]
    """How it was drawn."""
    hashes: Mapped[list[str]]
    """Its members."""
    origin: Mapped[str] = mapped_column(server_default="built")
    """`package`: another one of the package takes its place. `built` here: only the next build
    does."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PopulationScores(Base):
    """The scores of a population's members by one proxy, or one ensemble."""

    __tablename__ = "population_scores"
    __table_args__ = (
        ForeignKeyConstraint(
            ["protocol_id", "version"], [Population.protocol_id, Population.version]
        ),
    )

    protocol_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    proxy: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger)
    """Of the proxy; of an ensemble, the population's version."""
    values: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    """In the order of the members; null where it is undefined."""


class Ensemble(Base):
    """An ensemble that somebody has added to those of `service.ensembles`. It never changes."""

    __tablename__ = "ensembles"

    name: Mapped[str] = mapped_column(primary_key=True)
    summary: Mapped[str]
    members: Mapped[dict[str, Any]]
    """By proxy: 1, or -1 where the smaller value counts as the better one."""
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
