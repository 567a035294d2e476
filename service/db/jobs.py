"""Queries on jobs.

Whoever needs both locks evaluations first, in the order of their ids, and jobs after them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db import evaluations
from service.db.models import Architecture, Evaluation, Job, JobItem
from service.db.parts import in_parts
from service.db.proxy_lists import names

STATES = ("queued", "running", "done", "failed", "cancelled")
"""Of an item."""

BACKGROUND = "background"
"""The priority of jobs that no doorbell rings for: workers look for them in their spare time."""

_STATE = case(
    (and_(JobItem.finished.is_not(None), Job.proxies.overlap(Evaluation.failed)), "failed"),
    # What failed may be tried again for others after this job was cancelled.
    (and_(JobItem.finished.is_not(None), ~Job.proxies.overlap(Evaluation.outstanding)), "done"),
    (Job.state == "cancelled", "cancelled"),
    (Evaluation.state == "running", "running"),
    else_="queued",
)
"""Of an item: what its evaluation owes to other jobs does not count."""


async def create(
    session: AsyncSession,
    job: Job,
    items: Sequence[tuple[int, Mapping[str, Any], bool]],
) -> None:
    """Stores a job and its items: (evaluation, spelling as asked, finished), in the order asked.

    Sets the job's state and counts. Raises IntegrityError where its idempotency key is taken.
    """
    finished = [position for position, (*_, is_finished) in enumerate(items) if is_finished]
    job.size = len(items)
    job.finishes = len(finished)
    job.unfinished = job.size - job.finishes
    job.state = "running" if job.unfinished else "done"
    job.ended_at = None if job.unfinished else await session.scalar(select(func.now()))
    session.add(job)
    await session.flush()
    number_of = {position: number for number, position in enumerate(finished, 1)}
    for some in in_parts(list(enumerate(items))):
        await session.execute(
            insert(JobItem),
            [
                {
                    "job_id": job.id,
                    "position": position,
                    "evaluation_id": evaluation_id,
                    "asked": asked,
                    "finished": number_of.get(position),
                }
                for position, (evaluation_id, asked, _) in some
            ],
        )


async def find(session: AsyncSession, job_id: UUID) -> Job | None:
    return await session.get(Job, job_id)


async def by_key(session: AsyncSession, idempotency_key: str) -> Job | None:
    found = await session.execute(select(Job).where(Job.idempotency_key == idempotency_key))
    return found.scalar_one_or_none()


async def state(session: AsyncSession, job_id: UUID) -> str | None:
    """None where the job is no more."""
    found: str | None = await session.scalar(select(Job.state).where(Job.id == job_id))
    return found


async def waiting(session: AsyncSession, priority: str) -> int:
    """How many items of running jobs of a priority have no answer yet."""
    found = await session.scalar(
        select(func.coalesce(func.sum(Job.unfinished), 0)).where(
            Job.state == "running", Job.priority == priority
        )
    )
    return int(found or 0)


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
    return dict.fromkeys(STATES, 0) | dict(rows.all())


class Item(NamedTuple):
    """One architecture of a job, as the job names it."""

    position: int
    finished: int | None
    asked: Mapping[str, Any]
    hash: str
    spec: Mapping[str, Any]


_ITEMS: Select[Any] = (
    select(JobItem.position, JobItem.finished, JobItem.asked, Architecture.hash, Architecture.spec)
    .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
    .join(Architecture, Architecture.id == Evaluation.architecture_id)
)


async def page(session: AsyncSession, job_id: UUID, start: int, limit: int) -> list[Item]:
    """`limit` items from position `start`, in the order asked."""
    rows = await session.execute(
        _ITEMS.where(JobItem.job_id == job_id, JobItem.position >= start)
        .order_by(JobItem.position)
        .limit(limit)
    )
    return [Item(*row) for row in rows]


async def finished_after(
    session: AsyncSession, job_id: UUID, number: int, limit: int
) -> list[Item]:
    """`limit` items behind the job's finish `number`, in the order in which they finished."""
    rows = await session.execute(
        _ITEMS.where(JobItem.job_id == job_id, JobItem.finished > number)
        .order_by(JobItem.finished)
        .limit(limit)
    )
    return [Item(*row) for row in rows]


async def cancel(session: AsyncSession, job_id: UUID) -> bool:
    """Ends a running job's interest in what it still waits for; whether there was a running one.

    What other jobs wait for stays queued; what a worker computes right now is finished and kept.
    """
    # All of its members: a retry may reopen another one while this waits.
    held = await _lock(session, select(JobItem.evaluation_id).where(JobItem.job_id == job_id))
    cancelled = await session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.state == "running")
        .values(state="cancelled", ended_at=func.now())
        .returning(Job.id)
    )
    if cancelled is not None:
        await session.execute(evaluations.forgo(held))
    return cancelled is not None


async def retry(session: AsyncSession, job: Job) -> dict[UUID, str] | None:
    """Queues what failed of a job's proxies again; returns every job that waits for it once more,
    with its priority. None where the job is cancelled or no more, and then nothing is queued.

    Those are all jobs with the same failure in them, except cancelled ones: a failure is the
    evaluation's, and so is its end.
    """
    members = select(JobItem.evaluation_id).where(JobItem.job_id == job.id)
    held = await _lock(session, members.where(Evaluation.failed.overlap(job.proxies)))
    priorities = await _lock_running(session, job.id, held)
    if job.id not in priorities:
        return None
    rows = await session.execute(
        select(Evaluation.id, Evaluation.failed).where(Evaluation.id.in_(held))
    )
    by_proxies: dict[tuple[str, ...], list[int]] = {}
    for evaluation_id, failed in rows:
        again = tuple(sorted(set(failed) & set(job.proxies)))
        by_proxies.setdefault(again, []).append(evaluation_id)
    reopened: set[UUID] = set()
    for again, evaluation_ids in by_proxies.items():
        await session.execute(evaluations.requeue(evaluation_ids, again))
        reopened |= await _reopen(session, list(priorities), evaluation_ids, again)
    return {job_id: priorities[job_id] for job_id in reopened}


async def _lock_running(
    session: AsyncSession, job_id: UUID, evaluation_ids: Sequence[int]
) -> dict[UUID, str]:
    """The job and those with one of the evaluations in them, except cancelled ones, by priority.

    All at once, in the order of their ids, as `settlement.settle` locks them.
    """
    members = select(JobItem.job_id).where(JobItem.evaluation_id.in_(evaluation_ids))
    rows = await session.execute(
        select(Job.id, Job.priority)
        .where(or_(Job.id == job_id, Job.id.in_(members)), Job.state != "cancelled")
        .order_by(Job.id)
        .with_for_update()
    )
    return dict(rows.all())


async def _lock(session: AsyncSession, evaluation_ids: Select[Any]) -> Sequence[int]:
    found = await session.scalars(
        select(Evaluation.id)
        .where(Evaluation.id.in_(evaluation_ids))
        .order_by(Evaluation.id)
        .with_for_update()
    )
    return found.all()


async def _reopen(
    session: AsyncSession,
    job_ids: Sequence[UUID],
    evaluation_ids: Sequence[int],
    proxies: Collection[str],
) -> set[UUID]:
    """Takes back the finish of the jobs' items that wait for one of the proxies again."""
    reopened = (
        update(JobItem)
        .where(
            Job.id == JobItem.job_id,
            Job.id.in_(job_ids),
            Job.proxies.overlap(names(proxies)),
            JobItem.evaluation_id.in_(evaluation_ids),
            JobItem.finished.is_not(None),
        )
        .values(finished=None)
        .returning(JobItem.job_id)
        .cte("reopened")
    )
    counted = (
        select(reopened.c.job_id, func.count().label("n"))
        .group_by(reopened.c.job_id)
        .cte("counted")
    )
    rows = await session.execute(
        update(Job)
        .where(Job.id == counted.c.job_id)
        .values(unfinished=Job.unfinished + counted.c.n, state="running", ended_at=None)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return set(rows.scalars())


def purge(session: Session, days: float, items: int) -> int:
    """Deletes jobs that ended `days` ago, oldest first, of about `items` items together, and no
    score; returns how many jobs.
    """
    ended = (
        select(Job.id, Job.size, Job.ended_at)
        .where(Job.state != "running", Job.ended_at < func.now() - timedelta(days=days))
        .order_by(Job.ended_at)
        .limit(items)
        .subquery()
    )
    before = func.sum(ended.c.size).over(order_by=(ended.c.ended_at, ended.c.id)) - ended.c.size
    summed = select(ended.c.id, before.label("before")).subquery()
    old = (
        select(Job.id)
        .where(Job.id.in_(select(summed.c.id).where(summed.c.before < items)))
        .with_for_update(skip_locked=True)
    )
    deleted = session.execute(delete(Job).where(Job.id.in_(old)).returning(Job.id))
    return len(deleted.all())
