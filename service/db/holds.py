"""Queries on what workers have in hand: their leases, with what these are on."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from service.db.models import Architecture, Evaluation, Lease, Protocol, Training

HASHES_SHOWN = 8
"""Of a chunk; it has up to NASCORE_CHUNK_LIMIT."""


class Held(NamedTuple):
    """A chunk, a training, or a question of evidence, which has no architectures of its own."""

    worker_id: UUID
    job_id: UUID | None
    question: Mapping[str, Any] | None
    architectures: int
    hashes: list[str]
    """The first few."""
    bench: str | None
    protocol: str | None
    """The name."""
    epochs: int | None
    """How many are asked for, of a training."""
    epochs_done: int


async def every(session: AsyncSession) -> list[Held]:
    """Of workers that say who they are, what they hold now."""
    hashes = func.array_agg(aggregate_order_by(Architecture.hash, Evaluation.id))
    rows = await session.execute(
        select(
            Lease.worker_id,
            Lease.job_id,
            Lease.question,
            func.count(Evaluation.id),
            hashes.filter(Architecture.hash.is_not(None))[1:HASHES_SHOWN],
            func.min(Protocol.bench),
            func.min(Protocol.document["name"].astext),
            func.min(cast(Protocol.document["training"]["epochs"].astext, Integer)),
            func.coalesce(func.max(func.cardinality(Training.accuracies)), 0),
        )
        .outerjoin(Evaluation, Evaluation.lease == Lease.id)
        .outerjoin(Architecture, Architecture.id == Evaluation.architecture_id)
        .outerjoin(Protocol, Protocol.id == Evaluation.protocol_id)
        .outerjoin(
            Training,
            (Training.architecture_id == Evaluation.architecture_id)
            & (Training.run == Protocol.run),
        )
        .where(Lease.worker_id.is_not(None), Lease.until >= func.now())
        .group_by(Lease.id)
        .order_by(Lease.id)
    )
    return [Held(*row) for row in rows]
