"""Queries on protocols and the images they name."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service import protocol
from service.db.models import Dataset, DatasetSplit, Minibatch, Protocol
from service.minibatch import Minibatch as Images
from service.protocol import RECIPES
from service.training import protocols as training_protocols
from service.training.recipe import Recipe as Training


class UnknownDatasetError(LookupError):
    """No such minibatch of a dataset is stored, or not the whole of it where all is asked for;
    `known` lists the datasets that are."""

    def __init__(self, dataset: str, known: Sequence[str]) -> None:
        super().__init__(f"no dataset {dataset!r}; there are {', '.join(known)}")
        self.dataset = dataset
        self.known = known


# These made once: every request asks them, and to put them together takes longer than to run.
_MINIBATCH = (
    select(Minibatch.sha256, func.cardinality(Dataset.classes))
    .join(Dataset, Dataset.name == Minibatch.dataset)
    .where(
        Minibatch.dataset == bindparam("dataset"),
        Minibatch.batch_size == bindparam("batch_size"),
        Minibatch.resolution == bindparam("resolution"),
    )
)
_SPLITS = (
    select(
        DatasetSplit.split,
        DatasetSplit.sha256,
        DatasetSplit.images,
        func.cardinality(Dataset.classes),
    )
    .join(Dataset, Dataset.name == DatasetSplit.dataset)
    .where(DatasetSplit.dataset == bindparam("dataset"))
)
_ID = select(Protocol.id).where(Protocol.digest == bindparam("digest"))
_FOUND = _ID.add_columns(Protocol.population)


async def describe(
    session: AsyncSession, bench: str, recipe: str | Training, dataset: str, seed: int
) -> protocol.Protocol:
    """The concrete protocol of a request, by a recipe's name or for a training. Raises
    UnknownDatasetError, and ValueError where a training takes more images than there are."""
    if isinstance(recipe, Training):
        return await _describe_training(session, bench, recipe, dataset, seed)
    size = {
        "batch_size": RECIPES[recipe].batch_size,
        "resolution": protocol.resolution(bench, recipe),
    }
    found = (await session.execute(_MINIBATCH, {"dataset": dataset, **size})).one_or_none()
    if found is None:
        known = await session.scalars(
            select(Minibatch.dataset).filter_by(**size).order_by(Minibatch.dataset)
        )
        raise UnknownDatasetError(dataset, known.all())
    minibatch, classes = found
    return protocol.protocol(bench, recipe, dataset, classes, minibatch, seed)


async def _describe_training(
    session: AsyncSession, bench: str, recipe: Training, dataset: str, seed: int
) -> protocol.Protocol:
    rows = (await session.execute(_SPLITS, {"dataset": dataset})).all()
    if not rows:
        whole = select(DatasetSplit.dataset).distinct().order_by(DatasetSplit.dataset)
        raise UnknownDatasetError(dataset, (await session.scalars(whole)).all())
    of = {row.split: row for row in rows}
    images = training_protocols.Images(of["train"].images, of["train"].sha256, of["test"].sha256)
    return training_protocols.protocol(bench, recipe, dataset, rows[0][3], images, seed)


def id_of(session: Session, digest: str) -> int:
    """Raises NoResultFound where nothing was ever asked under it."""
    return session.execute(_ID, {"digest": digest}).scalar_one()


@dataclass(frozen=True, slots=True)
class Stored:
    """A protocol under which something was asked."""

    id: int
    population: int | None
    """The version of its reference population."""


async def find(session: AsyncSession, digest: str) -> Stored | None:
    found = (await session.execute(_FOUND, {"digest": digest})).one_or_none()
    return None if found is None else Stored(*found)


def store(session: Session, described: protocol.Protocol) -> int:
    """Stores a protocol if it is new and returns its id."""
    run = training_protocols.run_of(described)
    session.execute(
        insert(Protocol)
        .values(
            digest=described.digest, bench=described.bench, document=described.document, run=run
        )
        .on_conflict_do_nothing()
    )
    if run is not None:
        # Of one from before a downgrade, which knew of no runs. No part of the insert, which would
        # wait for whoever holds the row.
        session.execute(
            update(Protocol)
            .where(Protocol.digest == described.digest, Protocol.run.is_distinct_from(run))
            .values(run=run)
        )
    return id_of(session, described.digest)


async def by_id(session: AsyncSession, protocol_id: int) -> protocol.Protocol:
    row = await session.get_one(Protocol, protocol_id)
    return protocol.Protocol.read(row.document)


def stored(session: Session, protocol_id: int) -> protocol.Protocol:
    return protocol.Protocol.read(session.get_one(Protocol, protocol_id).document)


def load(session: Session, protocol_id: int) -> tuple[protocol.Protocol, Images]:
    """What zero-cost proxies are computed under: the protocol and its minibatch."""
    described = stored(session, protocol_id)
    row = session.get_one(Minibatch, described.minibatch)
    return described, Images.from_bytes(row.images, row.labels, row.resolution)
