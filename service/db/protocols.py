"""Queries on protocols and the minibatches they name."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service import protocol
from service.db.models import Dataset, Minibatch, Protocol
from service.minibatch import Minibatch as Images
from service.protocol import RECIPES


class UnknownDatasetError(LookupError):
    """No such minibatch of a dataset is stored; `known` lists the datasets that have one."""

    def __init__(self, dataset: str, known: Sequence[str]) -> None:
        super().__init__(f"no dataset {dataset!r}; there are {', '.join(known)}")
        self.dataset = dataset
        self.known = known


# These two made once: every request asks them, and to put them together takes longer than to run.
_MINIBATCH = (
    select(Minibatch.sha256, func.cardinality(Dataset.classes))
    .join(Dataset, Dataset.name == Minibatch.dataset)
    .where(
        Minibatch.dataset == bindparam("dataset"),
        Minibatch.batch_size == bindparam("batch_size"),
        Minibatch.resolution == bindparam("resolution"),
    )
)
_ID = select(Protocol.id).where(Protocol.digest == bindparam("digest"))
_FOUND = _ID.add_columns(Protocol.population)


async def describe(
    session: AsyncSession, bench: str, recipe: str, dataset: str, seed: int
) -> protocol.Protocol:
    """The concrete protocol of a request; raises UnknownDatasetError."""
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
    session.execute(
        insert(Protocol)
        .values(digest=described.digest, bench=described.bench, document=asdict(described))
        .on_conflict_do_nothing()
    )
    return id_of(session, described.digest)


async def by_id(session: AsyncSession, protocol_id: int) -> protocol.Protocol:
    row = await session.get_one(Protocol, protocol_id)
    return protocol.Protocol(**row.document)


def load(session: Session, protocol_id: int) -> tuple[protocol.Protocol, Images]:
    """What a worker computes under: the protocol and its minibatch."""
    described = protocol.Protocol(**session.get_one(Protocol, protocol_id).document)
    row = session.get_one(Minibatch, described.minibatch)
    return described, Images.from_bytes(row.images, row.labels, row.resolution)
