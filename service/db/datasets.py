"""Queries on datasets and their minibatches."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from service.db.models import Dataset, Minibatch
from service.minibatch import Dataset as Images
from service.minibatch import DatasetError, draw
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


def every(session: Session) -> list[tuple[Dataset, list[Minibatch]]]:
    """Every dataset with its minibatches, the images left where they are."""
    minibatches = session.scalars(
        select(Minibatch)
        .options(defer(Minibatch.images), defer(Minibatch.labels))
        .order_by(Minibatch.batch_size, Minibatch.resolution)
    ).all()
    found = session.scalars(select(Dataset).order_by(Dataset.name)).all()
    return [(row, [m for m in minibatches if m.dataset == row.name]) for row in found]
