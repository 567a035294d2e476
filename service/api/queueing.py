"""Puts a request into the ledger as a job, and rings for it once that is committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import problems
from service.api.problems import Fault, ProblemError
from service.api.schemas.score import Terms
from service.benches import Reading
from service.db import architectures, evaluations, jobs, models, protocols
from service.logs import REQUEST_ID
from service.protocol import Protocol
from service.queue import AsyncDoorbells, Unreachable
from service.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key and the SHA-256 of the request it came with."""

    text: str
    request_sha256: bytes

    @classmethod
    def of(cls, text: str | None, request: Terms) -> "Key | None":
        if text is None:
            return None
        # Two calls may take the same JSON, and mean different things by it.
        said = type(request).__name__ + request.model_dump_json(exclude_unset=True)
        return cls(text, sha256(said.encode()).digest())


async def replayed(
    database: async_sessionmaker[AsyncSession], key: Key | None
) -> models.Job | None:
    """The job that a request with this key has made; raises ProblemError where it was another."""
    if key is None:
        return None
    async with database() as session:
        job = await jobs.by_key(session, key.text)
    if job is None:
        return None
    if job.request_sha256 != key.request_sha256:
        fault = Fault(
            field="Idempotency-Key",
            detail="another request came with this key before",
            valid="a new key for a new request",
        )
        raise problems.invalid([fault])
    return job


async def queue(
    database: async_sessionmaker[AsyncSession],
    protocol: Protocol,
    readings: Sequence[Reading],
    proxies: list[str],
    priority: str,
    key: Key | None,
    missing: int,
    settings: Settings,
) -> UUID:
    """The id of the job, committed; raises ProblemError where the queue has no room for what is
    `missing` of it.
    """
    try:
        async with database.begin() as session:
            await _check_room(session, missing, priority, settings)
            job = await _store(session, protocol, readings, proxies, priority, key)
    except IntegrityError:
        # The same key came twice at once: the first one has made the job.
        if (first := await replayed(database, key)) is None:
            raise
        return first.id
    log.info("queued", job=str(job.id), architectures=len(readings))
    return job.id


async def _check_room(session: AsyncSession, more: int, priority: str, settings: Settings) -> None:
    waiting = await jobs.waiting(session, priority)
    if waiting + more > settings.queue_limit:
        raise ProblemError(
            503,
            "queue-full",
            "The queue is full",
            f"{waiting} architectures of {priority} jobs wait, {more} more would pass the limit of "
            f"{settings.queue_limit}; nothing was queued",
            headers={"Retry-After": str(settings.queue_full_retry_seconds)},
        )


async def _store(
    session: AsyncSession,
    protocol: Protocol,
    readings: Sequence[Reading],
    proxies: list[str],
    priority: str,
    key: Key | None,
) -> models.Job:
    distinct = {reading.architecture.hash: reading.architecture for reading in readings}
    protocol_id = await session.run_sync(protocols.store, protocol)
    ids = await architectures.store(session, protocol.bench, list(distinct.values()))
    queued = await evaluations.enqueue(session, protocol.bench, protocol_id, ids, proxies)
    job = models.Job(
        id=uuid4(),
        protocol_id=protocol_id,
        proxies=proxies,
        priority=priority,
        request_id=structlog.contextvars.get_contextvars()[REQUEST_ID],
        idempotency_key=key.text if key else None,
        request_sha256=key.request_sha256 if key else None,
    )
    items = []
    for reading in readings:
        evaluation_id, finished = queued[reading.architecture.hash]
        items.append((evaluation_id, reading.asked, finished))
    await jobs.create(session, job, items)
    return job


async def ring(doorbells: AsyncDoorbells, waiting: Mapping[UUID, str]) -> None:
    """Rings for jobs by their priority, but for those that wait for spare time."""
    try:
        for job_id, priority in waiting.items():
            if priority != jobs.BACKGROUND:
                await doorbells.ring(job_id, priority)
    except Unreachable as error:
        # The jobs are in Postgres, where workers look when no bell rings.
        log.warning("redis gone", error=str(error))


async def announce(doorbells: AsyncDoorbells, job_id: UUID) -> None:
    """Wakes those who follow the job."""
    try:
        await doorbells.announce(job_id)
    except Unreachable as error:
        # They look into Postgres by the clock.
        log.warning("redis gone", error=str(error))
