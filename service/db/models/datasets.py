"""Datasets, with the minibatches drawn from them and the images of those added whole."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class Dataset(Base):
    """Where minibatches come from; all its images are here only where it was added whole.

    Its data never changes, since scores depend on it.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    description: Mapped[str]
    source: Mapped[str]
    licence: Mapped[str]
    classes: Mapped[list[str]]
    mean: Mapped[list[float]] = mapped_column(ARRAY(Double))
    std: Mapped[list[float]] = mapped_column(ARRAY(Double))
    format: Mapped[str]
    """What it was read from."""
    source_sha256: Mapped[str]
    """Of the file or folder it was read from."""
    images: Mapped[int]
    """How many there were to draw from."""
    seed: Mapped[int] = mapped_column(BigInteger)
    """Of the draw."""
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Minibatch(Base):
    """The one minibatch of a dataset at a size and a resolution; never drawn again."""

    __tablename__ = "minibatches"
    __table_args__ = (UniqueConstraint("dataset", "batch_size", "resolution"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(ForeignKey(Dataset.name))
    batch_size: Mapped[int]
    resolution: Mapped[int]
    images: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian float32 (batch_size, 3, resolution, resolution)."""
    labels: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian int64 (batch_size,)."""


class DatasetSplit(Base):
    """All images of a dataset to train on, or to test on; there are both or none."""

    __tablename__ = "dataset_splits"
    __table_args__ = (CheckConstraint("split IN ('train', 'test')", name="split"),)

    dataset: Mapped[str] = mapped_column(ForeignKey(Dataset.name), primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    images: Mapped[int]
    """How many."""
    sha256: Mapped[str]
    """Of all its images and labels, see `service.minibatch.SplitDigest`."""


class DatasetPart(Base):
    """Some images of a split, in its order."""

    __tablename__ = "dataset_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset", "split"],
            [DatasetSplit.dataset, DatasetSplit.split],
            # The digest is known once all parts are written.
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    dataset: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    """From 0."""
    images: Mapped[bytes] = mapped_column(LargeBinary)
    """uint8 (P, 32, 32, 3)."""
    labels: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian int64 (P,)."""
