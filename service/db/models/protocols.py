"""Protocols."""

from typing import Any

from sqlalchemy import Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class Protocol(Base):
    """Everything besides the architecture that a score depends on, as `document`."""

    __tablename__ = "protocols"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    bench: Mapped[str]
    document: Mapped[dict[str, Any]]
    population: Mapped[int | None] = mapped_column(SmallInteger)
    """The version of the reference population that its ensembles are ranked against; None where
    there is none, and then its ensembles have no scores."""
    run: Mapped[str | None] = mapped_column(index=True)
    """Of a protocol that trains: see `Training.run`."""
