"""What becomes of jobs as evaluations answer them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from service.db.models import Job, JobItem
from service.db.proxy_lists import Proxies, grouped, names


def settle(session: Session, owed: Mapping[int, Proxies]) -> list[UUID]:
    """Finishes the items of every running job that now has its answer; returns those jobs.

    `owed` has the proxies that each evaluation still owes. The caller holds the evaluations. Their
    jobs are locked after them and in one order, so that two workers never wait for each other in a
    circle, and counted while they are locked: a job's finishes have numbers without a gap, in the
    order of their commits.
    """
    waits = (JobItem.evaluation_id.in_(owed), JobItem.finished.is_(None))
    job_ids = session.scalars(
        select(Job.id)
        .where(Job.id.in_(select(JobItem.job_id).where(*waits)), Job.state == "running")
        .order_by(Job.id)
        .with_for_update()
    ).all()
    if not job_ids:
        return []
    touched: set[UUID] = set()
    for left, evaluation_ids in grouped(owed):
        touched |= _finish(session, job_ids, evaluation_ids, left)
    return list(touched)


def _finish(
    session: Session, job_ids: Sequence[UUID], evaluation_ids: Sequence[int], still_owed: Proxies
) -> set[UUID]:
    nth = func.row_number().over(partition_by=JobItem.job_id, order_by=JobItem.position)
    answered = (
        select(JobItem.job_id, JobItem.position, nth.label("nth"))
        .join(Job, Job.id == JobItem.job_id)
        .where(
            Job.id.in_(job_ids),
            JobItem.evaluation_id.in_(evaluation_ids),
            JobItem.finished.is_(None),
            ~Job.proxies.overlap(names(still_owed)),
        )
        .cte("answered")
    )
    settled = (
        update(JobItem)
        .where(
            JobItem.job_id == answered.c.job_id,
            JobItem.position == answered.c.position,
            Job.id == answered.c.job_id,
        )
        .values(finished=Job.finishes + answered.c.nth)
        .returning(JobItem.job_id)
        .cte("settled")
    )
    counted = (
        select(settled.c.job_id, func.count().label("n")).group_by(settled.c.job_id).cte("counted")
    )
    last = Job.unfinished == counted.c.n
    rows = session.execute(
        update(Job)
        .where(Job.id == counted.c.job_id)
        .values(
            finishes=Job.finishes + counted.c.n,
            unfinished=Job.unfinished - counted.c.n,
            state=case((last, "done"), else_="running"),
            ended_at=case((last, func.now())),
        )
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return set(rows.scalars())
