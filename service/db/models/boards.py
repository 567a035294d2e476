"""Leaderboards: scores where their filters look for them."""

from sqlalchemy import BigInteger, Double, ForeignKey, Identity, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base
from service.db.models.protocols import Protocol


class Board(Base):
    """Scores that are ranked together."""

    __tablename__ = "boards"
    __table_args__ = (UniqueConstraint("protocol_id", "proxy", "revision"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id))
    proxy: Mapped[str]
    revision: Mapped[int] = mapped_column(SmallInteger)


class BoardCount(Base):
    """How many scores of a board are in a size class, kept by a trigger as they are added."""

    __tablename__ = "board_counts"

    board_id: Mapped[int] = mapped_column(primary_key=True)
    known: Mapped[bool] = mapped_column(primary_key=True)
    """Whether only architectures with a trained accuracy are counted."""
    size_class: Mapped[int] = mapped_column(primary_key=True)
    defined: Mapped[int]
    undefined: Mapped[int]
    """0 where `known`."""


class Place(Base):
    """A score where the boards' filters look for it, put there by a trigger.

    Once for everybody, and again for who asks for trained accuracies. All of it is its key, so that
    a page is read from the index alone; references would be checked row by row.
    """

    __tablename__ = "places"

    board_id: Mapped[int] = mapped_column(primary_key=True)
    known: Mapped[bool] = mapped_column(primary_key=True)
    size_class: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Double, primary_key=True)
    architecture_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    parameters: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    flops: Mapped[int] = mapped_column(BigInteger, primary_key=True)
