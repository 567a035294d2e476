"""Queries on the jobs that workers could claim something of."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service.db.jobs import BACKGROUND
from service.db.models import Evaluation, Job, JobItem


def _claimable() -> Any:
    return (
        exists()
        .where(JobItem.job_id == Job.id, JobItem.finished.is_(None))
        .where(Evaluation.id == JobItem.evaluation_id, Evaluation.state == "queued")
    )


def has_queued(session: Session, job_id: UUID) -> bool:
    """Whether a worker could claim something of the job."""
    found = session.scalar(
        select(Job.id).where(Job.id == job_id, Job.state == "running", _claimable())
    )
    return found is not None


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
            JobItem.finished.is_(None),
            Job.state == "running",
        )
    )
    return list(rows)


def with_queued(session: Session) -> Sequence[tuple[UUID, str]]:
    """(id, priority) of every job with something to claim, live ones first, then by age; without
    those that wait for spare time."""
    rows = session.execute(
        select(Job.id, Job.priority)
        .where(Job.state == "running", Job.priority != BACKGROUND, _claimable())
        .order_by(Job.priority.desc(), Job.created_at)
    )
    return list(rows)


def in_background(session: Session) -> Sequence[UUID]:
    """The jobs that wait for spare time, those with something to claim, by age."""
    return session.scalars(
        select(Job.id)
        .where(Job.state == "running", Job.priority == BACKGROUND, _claimable())
        .order_by(Job.created_at, Job.id)
    ).all()
