"""Queries on datasets, their minibatches and their splits."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from service.db.models import Dataset, DatasetPart, DatasetSplit, Minibatch
from service.minibatch import Channels, DatasetError, Split, SplitDigest, WholeDataset, draw
from service.minibatch import Dataset as Images
from service.minibatch.whole import SIDE
from service.protocol import minibatch_sizes


@dataclass(frozen=True)
class Added:
    """What a call of `add` wrote."""

    dataset: bool
    minibatches: int


def add(session: Session, dataset: Images) -> Added:
    """Draws every minibatch that some protocol needs, and stores those that are missing.

    Raises DatasetError where no minibatch can be drawn, where the name is taken by other data, or
    where another dataset has the very same minibatch; the caller then rolls back.
    """
    minibatches = {size: draw(dataset, *size) for size in minibatch_sizes()}
    facts = {
        "classes": list(dataset.classes),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "format": dataset.format,
        "source_sha256": dataset.sha256,
        "images": len(dataset.labels),
        "seed": dataset.seed,
    }
    new = session.scalar(
        insert(Dataset)
        .values(
            name=dataset.name,
            description=dataset.description,
            source=dataset.source,
            licence=dataset.licence,
            **facts,
        )
        .on_conflict_do_nothing()
        .returning(Dataset.name)
    )
    if new is None:
        _check_same(session.get_one(Dataset, dataset.name), facts)
    stored = 0
    for (batch_size, resolution), minibatch in minibatches.items():
        owner = session.scalar(
            select(Minibatch.dataset).where(Minibatch.sha256 == minibatch.sha256)
        )
        if owner not in (None, dataset.name):
            raise DatasetError(f"Its minibatch of {batch_size} images is that of {owner} already.")
        inserted = session.scalar(
            insert(Minibatch)
            .values(
                sha256=minibatch.sha256,
                dataset=dataset.name,
                batch_size=batch_size,
                resolution=resolution,
                images=minibatch.images_bytes(),
                labels=minibatch.labels_bytes(),
            )
            .on_conflict_do_nothing(index_elements=["dataset", "batch_size", "resolution"])
            .returning(Minibatch.sha256)
        )
        stored += inserted is not None
    return Added(new is not None, stored)


def _check_same(stored: Dataset, facts: dict[str, object]) -> None:
    differing = [name for name, value in facts.items() if getattr(stored, name) != value]
    if differing:
        raise DatasetError(
            f"{stored.name} is there already with other data ({', '.join(differing)}), and a "
            "dataset never changes: choose another name."
        )


def add_splits(session: Session, name: str, splits: Mapping[str, Split]) -> bool:
    """Stores all images of a dataset that is there; whether there were none before.

    They are read, resized and sent part by part. Raises DatasetError where other ones are stored;
    the caller then rolls back.
    """
    # Whoever adds the same at the same time waits here, and then finds it stored.
    session.execute(
        select(Dataset.name).where(Dataset.name == name).with_for_update(key_share=True)
    )
    stored = {
        row.split: row.sha256
        for row in session.scalars(select(DatasetSplit).where(DatasetSplit.dataset == name))
    }
    for kind, split in splits.items():
        digest = SplitDigest(len(split.labels))
        for number, (images, labels) in enumerate(split.parts()):
            digest.add(images, labels)
            if not stored:
                _insert_part(session, name, kind, number, images, labels)
        sha256 = digest.hexdigest()
        if not stored:
            session.execute(
                insert(DatasetSplit).values(
                    dataset=name, split=kind, images=len(split.labels), sha256=sha256
                )
            )
        elif stored[kind] != sha256:
            raise DatasetError(
                f"{name} is there already with another {kind} split, and a dataset never changes: "
                "choose another name."
            )
    return not stored


def _insert_part(
    session: Session,
    name: str,
    split: str,
    number: int,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> None:
    session.execute(
        insert(DatasetPart).values(
            dataset=name,
            split=split,
            part=number,
            images=images.tobytes(),
            labels=labels.astype("<i8").tobytes(),
        )
    )


def whole(session: Session, name: str) -> WholeDataset | None:
    """All images of a dataset, read part by part; None where only its minibatches are stored."""
    splits = {
        row.split: row
        for row in session.scalars(select(DatasetSplit).where(DatasetSplit.dataset == name))
    }
    if not splits:
        return None
    dataset = session.get_one(Dataset, name)
    train_images, train_labels = _arrays(session, splits["train"])
    test_images, test_labels = _arrays(session, splits["test"])
    return WholeDataset(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        mean=_channels(dataset.mean),
        std=_channels(dataset.std),
        classes=tuple(dataset.classes),
    )


def _arrays(session: Session, split: DatasetSplit) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = np.empty((split.images, SIDE, SIDE, 3), dtype=np.uint8)
    labels = np.empty(split.images, dtype=np.int64)
    found = session.execute(
        select(DatasetPart.images, DatasetPart.labels)
        .where(DatasetPart.dataset == split.dataset, DatasetPart.split == split.split)
        .order_by(DatasetPart.part)
        # Not all rows at once, which would be everything twice.
        .execution_options(yield_per=1)
    )
    start = 0
    for part in found:
        part_labels = np.frombuffer(part.labels, "<i8")
        end = start + len(part_labels)
        images[start:end] = np.frombuffer(part.images, np.uint8).reshape(-1, SIDE, SIDE, 3)
        labels[start:end] = part_labels
        start = end
    return images, labels


def _channels(values: list[float]) -> Channels:
    red, green, blue = values
    return red, green, blue


@dataclass(frozen=True)
class Known:
    """A dataset and what is stored of it, without the images."""

    dataset: Dataset
    minibatches: list[Minibatch]
    splits: dict[str, DatasetSplit]
    """`train` and `test`; none where only minibatches are stored."""


def every(session: Session) -> list[Known]:
    """Every dataset, the images left where they are."""
    minibatches = session.scalars(
        select(Minibatch)
        .options(defer(Minibatch.images), defer(Minibatch.labels))
        .order_by(Minibatch.batch_size, Minibatch.resolution)
    ).all()
    splits = session.scalars(select(DatasetSplit)).all()
    return [
        Known(
            row,
            [each for each in minibatches if each.dataset == row.name],
            {each.split: each for each in splits if each.dataset == row.name},
        )
        for row in session.scalars(select(Dataset).order_by(Dataset.name))
    ]
