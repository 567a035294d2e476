"""Queries on jobs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db.models import Architecture, Evaluation, Job, JobItem

_UNFINISHED = exists().where(JobItem.job_id == Job.id, JobItem.finished.is_(False))

_STATE = case(
    (and_(JobItem.finished, Job.proxies.overlap(Evaluation.failed)), "failed"),
    (JobItem.finished, "done"),
    (Evaluation.state == "running", "running"),
    else_="queued",
)
"""Of an item: what its evaluation owes to other jobs does not count."""


async def create(
    session: AsyncSession,
    job: Job,
    items: Sequence[tuple[int, Mapping[str, Any], bool]],
) -> None:
    """Stores a job and its items: (evaluation, spelling as asked, finished), in the order asked."""
    session.add(job)
    await session.flush()
    await session.execute(
        insert(JobItem),
        [
            {
                "job_id": job.id,
                "position": position,
                "evaluation_id": evaluation_id,
                "asked": asked,
                "finished": finished,
            }
            for position, (evaluation_id, asked, finished) in enumerate(items)
        ],
    )


async def find(session: AsyncSession, job_id: UUID) -> Job | None:
    return await session.get(Job, job_id)


async def counts(session: AsyncSession, job_id: UUID) -> dict[str, int]:
    """How many of a job's items are in each state."""
    rows = await session.execute(
        select(_STATE, func.count())
        .select_from(JobItem)
        .join(Job, Job.id == JobItem.job_id)
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .where(JobItem.job_id == job_id)
        .group_by(_STATE)
    )
    return {"queued": 0, "running": 0, "done": 0, "failed": 0} | dict(rows.all())


async def page(
    session: AsyncSession, job_id: UUID, start: int, limit: int
) -> Sequence[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """(asked, hash, spec) of `limit` items from position `start`, in the order asked."""
    rows = await session.execute(
        select(JobItem.asked, Architecture.hash, Architecture.spec)
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Architecture, Architecture.id == Evaluation.architecture_id)
        .where(JobItem.job_id == job_id, JobItem.position >= start)
        .order_by(JobItem.position)
        .limit(limit)
    )
    return list(rows)


async def is_finished(session: AsyncSession, job_id: UUID) -> bool:
    unfinished = await session.scalar(
        select(exists().where(JobItem.job_id == job_id, JobItem.finished.is_(False)))
    )
    return not unfinished


def finished_among(session: Session, job_ids: Collection[UUID]) -> Sequence[UUID]:
    """Those of the jobs in which nothing is left to do."""
    return session.scalars(select(Job.id).where(Job.id.in_(job_ids), ~_UNFINISHED)).all()


def has_queued(session: Session, job_id: UUID) -> bool:
    """Whether a worker could claim something of the job."""
    found = session.scalar(
        select(
            exists()
            .where(JobItem.job_id == job_id, JobItem.finished.is_(False))
            .where(Evaluation.id == JobItem.evaluation_id, Evaluation.state == "queued")
        )
    )
    return bool(found)


def waiting_for(session: Session, evaluation_ids: Collection[int]) -> Sequence[tuple[UUID, str]]:
    """(id, priority) of the jobs that could have one of the evaluations claimed."""
    rows = session.execute(
        select(Job.id, Job.priority)
        .distinct()
        .join(JobItem, JobItem.job_id == Job.id)
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .where(
            Evaluation.id.in_(evaluation_ids),
            Evaluation.state == "queued",
            JobItem.finished.is_(False),
        )
    )
    return list(rows)


def with_queued(session: Session) -> Sequence[tuple[UUID, str]]:
    """(id, priority) of every job with something to claim, live ones first, then by age."""
    rows = session.execute(
        select(Job.id, Job.priority)
        .where(
            exists()
            .where(JobItem.job_id == Job.id, JobItem.finished.is_(False))
            .where(Evaluation.id == JobItem.evaluation_id, Evaluation.state == "queued")
        )
        .order_by(Job.priority.desc(), Job.created_at)
    )
    return list(rows)
