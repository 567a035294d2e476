"""Queries on many jobs at once: pages of them, those that run, and why what failed did."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, cast, func, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from service.db.models import Architecture, Evaluation, Job, JobItem, Protocol, Training

HASHES_SHOWN = 10
"""Of what failed for one reason, as examples."""


class Listed(NamedTuple):
    """A job without its items."""

    id: UUID
    protocol_id: int
    proxies: list[str]
    priority: str
    state: str
    size: int
    unfinished: int
    finishes: int
    created_at: datetime
    ended_at: datetime | None


# Nothing of the request itself: neither its spellings nor its key.
_LISTED = select(
    Job.id,
    Job.protocol_id,
    Job.proxies,
    Job.priority,
    Job.state,
    Job.size,
    Job.unfinished,
    Job.finishes,
    Job.created_at,
    Job.ended_at,
)
_NEWEST = (Job.created_at.desc(), Job.id.desc())


def _listed(rows: Iterable[Any]) -> list[Listed]:
    return [Listed(*row) for row in rows]


Place = tuple[datetime, UUID]
"""Of a job in the list, the newest first."""


async def page(
    session: AsyncSession,
    limit: int,
    *,
    before: Place | None = None,
    state: str | None = None,
    priority: str | None = None,
) -> list[Listed]:
    """`limit` jobs behind a place, the newest first."""
    query = _LISTED.order_by(*_NEWEST).limit(limit)
    if before is not None:
        query = query.where(tuple_(Job.created_at, Job.id) < before)
    if state is not None:
        query = query.where(Job.state == state)
    if priority is not None:
        query = query.where(Job.priority == priority)
    return _listed(await session.execute(query))


async def running(session: AsyncSession, limit: int) -> list[Listed]:
    """`limit` of the jobs that run, the oldest first."""
    query = _LISTED.where(Job.state == "running").order_by(Job.created_at, Job.id).limit(limit)
    return _listed(await session.execute(query))


async def since(session: AsyncSession, moment: datetime, limit: int) -> list[Listed]:
    """`limit` of those that were asked for or have ended since, the last ones first."""
    ended = (Job.state != "running") & (Job.ended_at >= moment)
    query = (
        _LISTED.where(or_(Job.created_at >= moment, ended))
        .order_by(func.coalesce(Job.ended_at, Job.created_at).desc(), Job.id)
        .limit(limit)
    )
    return _listed(await session.execute(query))


async def named(session: AsyncSession, ids: Collection[UUID]) -> list[Listed]:
    """Those that are still there."""
    return _listed(await session.execute(_LISTED.where(Job.id.in_(ids))))


async def waiting(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """By priority how many jobs run, and how many of their items have no answer yet."""
    rows = await session.execute(
        select(Job.priority, func.count(), func.sum(Job.unfinished))
        .where(Job.state == "running")
        .group_by(Job.priority)
    )
    return {priority: (count, int(items)) for priority, count, items in rows}


class Reason(NamedTuple):
    """Why architectures of a job failed."""

    type: str
    detail: str
    """The commonest one of this type."""
    architectures: int
    hashes: list[str]
    """The first few of them."""


async def reasons(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[Reason]]:
    """Of each job that something failed in, the commonest reason first."""
    if not ids:
        return {}
    kind = func.coalesce(Evaluation.error["type"].astext, "unknown")
    detail = func.coalesce(Evaluation.error["detail"].astext, "")
    count = func.count()
    hashes = func.array_agg(aggregate_order_by(Architecture.hash, JobItem.position))
    rows = await session.execute(
        select(
            JobItem.job_id,
            kind,
            func.mode().within_group(detail),
            count,
            hashes[1:HASHES_SHOWN],
        )
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Architecture, Architecture.id == Evaluation.architecture_id)
        .join(Job, Job.id == JobItem.job_id)
        .where(
            JobItem.job_id.in_(ids),
            JobItem.finished.is_not(None),
            Evaluation.failed != [],
            Job.proxies.overlap(Evaluation.failed),
        )
        .group_by(JobItem.job_id, kind)
        .order_by(count.desc(), kind)
    )
    found: dict[UUID, list[Reason]] = {}
    for job_id, *reason in rows:
        found.setdefault(job_id, []).append(Reason(*reason))
    return found


async def epochs_done(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Of jobs that train, the epochs that are done of all architectures, and of those among them
    that have no answer yet."""
    if not ids:
        return {}
    epochs = cast(Protocol.document["training"]["epochs"].astext, Integer)
    done = func.sum(func.least(func.cardinality(Training.accuracies), epochs))
    rows = await session.execute(
        select(
            JobItem.job_id,
            done,
            func.coalesce(done.filter(JobItem.finished.is_(None)), 0),
        )
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .join(
            Training,
            (Training.architecture_id == Evaluation.architecture_id)
            & (Training.run == Protocol.run),
        )
        .where(JobItem.job_id.in_(ids))
        .group_by(JobItem.job_id)
    )
    return {job_id: (int(every), int(unanswered)) for job_id, every, unanswered in rows}


async def epoch_seconds(
    session: AsyncSession, protocol_ids: Collection[int]
) -> dict[int, dict[str, float]]:
    """By protocol and device what an epoch of its run has taken so far, the mean; of protocols
    under which no epoch was trained, nothing."""
    if not protocol_ids:
        return {}
    each = func.unnest(Training.seconds).table_valued("value").render_derived(name="each")
    rows = await session.execute(
        select(Protocol.id, Training.device, func.avg(each.c.value))
        .join(Training, Training.run == Protocol.run)
        .join(each, onclause=true())
        .where(Protocol.id.in_(protocol_ids))
        .group_by(Protocol.id, Training.device)
    )
    found: dict[int, dict[str, float]] = {}
    for protocol_id, device, seconds in rows:
        found.setdefault(protocol_id, {})[device] = seconds
    return found


async def protocols_of(session: AsyncSession, ids: Collection[int]) -> Sequence[Protocol]:
    rows = await session.scalars(select(Protocol).where(Protocol.id.in_(ids)))
    return rows.all()
