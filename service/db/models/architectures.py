"""Architectures."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class Architecture(Base):
    """A class of spellings: one hash, one network."""

    __tablename__ = "architectures"
    __table_args__ = (UniqueConstraint("bench", "hash"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    bench: Mapped[str]
    hash: Mapped[str]
    spec: Mapped[dict[str, Any]]
    parameters: Mapped[int] = mapped_column(BigInteger)
    """Of the `full` network with ten classes."""
    flops: Mapped[int] = mapped_column(BigInteger)
    """Of the same."""
    size_class: Mapped[int]
    """See `service.db.size_classes`."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
