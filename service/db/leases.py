"""Leases: which worker computes what, and what becomes of it when the worker dies."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    case,
    cast,
    delete,
    exists,
    extract,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.db.evaluations import FREE, Claimed, forgo
from service.db.models import Architecture, Evaluation, Job, JobItem, Lease
from service.db.proxy_lists import joined, names
from service.db.settlement import settle

WORKER_DIED = "worker-died"


def claim(
    session: Session,
    job_id: UUID,
    lease: UUID,
    lease_seconds: float,
    limit: int,
    choose: Callable[[Iterator[Claimed]], list[Claimed]],
    only: int | None = None,
    worker: UUID | None = None,
) -> list[Claimed]:
    """Takes a lease on those queued evaluations of a job, or of them on that one `only`, that
    `choose` takes. It names the `worker` for who looks on.

    Evaluations that a worker died with come last and are taken one at a time: only then does a
    further death say that it was their doing.
    """
    candidates = _candidates(session, job_id, limit, only)
    chosen = choose(iter(candidates))
    if chosen:
        session.execute(
            update(Evaluation)
            .where(Evaluation.id.in_([claimed.id for claimed in chosen]))
            .values(state="running", lease=lease, alone=len(chosen) == 1)
        )
        session.execute(
            insert(Lease).values(
                id=lease, until=_from_now(lease_seconds), worker_id=worker, job_id=job_id
            )
        )
    return chosen


def _candidates(session: Session, job_id: UUID, limit: int, only: int | None) -> list[Claimed]:
    """Locked, in the order asked, each once."""
    rows = session.execute(
        select(
            Evaluation.id,
            Evaluation.architecture_id,
            Architecture.hash,
            Architecture.bench,
            Architecture.spec,
            Evaluation.outstanding,
            Evaluation.protocol_id,
            Job.request_id,
            cast(extract("epoch", func.now() - Job.created_at), Double),
            Evaluation.suspect,
        )
        .join(JobItem, JobItem.evaluation_id == Evaluation.id)
        .join(Job, Job.id == JobItem.job_id)
        .join(Architecture, Architecture.id == Evaluation.architecture_id)
        .where(
            Job.id == job_id,
            Job.state == "running",
            JobItem.finished.is_(None),
            Evaluation.state == "queued",
            true() if only is None else Evaluation.id == only,
        )
        .order_by(Evaluation.suspect, JobItem.position)
        .limit(limit)
        .with_for_update(of=Evaluation, skip_locked=True)
    ).all()
    ordered = list({row.id: row for row in rows}.values())  # a job may name an evaluation twice
    together = [row for row in ordered if not row.suspect] or ordered[:1]
    return [Claimed(*row[:9]) for row in together]


def take(
    session: Session,
    lease: UUID,
    lease_seconds: float,
    worker: UUID | None = None,
    question: Mapping[str, Any] | None = None,
) -> datetime | None:
    """A lease on something else than evaluations, by an id that all workers know it by. It names
    the `worker` and what is asked for who looks on.

    None where another worker holds it, and otherwise until when it is held: that tells this hold
    from every other, for who takes a lease over takes it for longer.
    """
    held = {"until": _from_now(lease_seconds), "worker_id": worker, "question": question}
    return session.scalar(
        insert(Lease)
        .values(id=lease, **held)
        .on_conflict_do_update(index_elements=[Lease.id], set_=held, where=Lease.until < func.now())
        .returning(Lease.until)
    )


def keep(session: Session, lease: UUID, until: datetime, lease_seconds: float) -> datetime | None:
    """Extends a hold that `take` gave; None where it ran out and another worker has the lease."""
    return session.scalar(
        update(Lease)
        .where(Lease.id == lease, Lease.until == until)
        .values(until=_from_now(lease_seconds))
        .returning(Lease.until)
    )


def give_back(session: Session, lease: UUID, until: datetime) -> None:
    """Ends a hold that `take` gave, and no other worker's."""
    session.execute(delete(Lease).where(Lease.id == lease, Lease.until == until))


def extend(session: Session, lease: UUID, lease_seconds: float) -> None:
    session.execute(update(Lease).where(Lease.id == lease).values(until=_from_now(lease_seconds)))


def release(session: Session, lease: UUID) -> None:
    """Ends a lease and puts back what was not computed under it and is still wanted."""
    held = session.scalars(
        select(Evaluation.id)
        .where(Evaluation.lease == lease)
        .order_by(Evaluation.id)  # as requests lock them, so that none waits in a circle
        .with_for_update()
    ).all()
    if held:
        session.execute(
            update(Evaluation).where(Evaluation.id.in_(held)).values(state="queued", **FREE)
        )
        session.execute(forgo(held))
    session.execute(delete(Lease).where(Lease.id == lease))


def _from_now(seconds: float) -> ColumnElement[datetime]:
    # The database's clock: hosts disagree.
    return func.now() + timedelta(seconds=seconds)


def sweep(session: Session, attempts_limit: int) -> list[UUID]:
    """Takes back the leases of dead workers; returns the jobs of what was set aside for good.

    An evaluation that was alone when its worker died counts an attempt; one of a chunk is only
    suspect.
    """
    holds = exists().where(Lease.id == Evaluation.lease, Lease.until >= func.now())
    expired = session.scalars(
        select(Evaluation.id)
        .where(Evaluation.lease.is_not(None), ~holds)  # that is, running; and this is indexed
        .with_for_update(of=Evaluation, skip_locked=True)
    ).all()
    session.execute(delete(Lease).where(Lease.until < func.now()))
    attempts = Evaluation.attempts + case((Evaluation.alone, 1), else_=0)
    exhausted = attempts >= attempts_limit
    reason = {
        "type": WORKER_DIED,
        "detail": f"its worker died {attempts_limit} times while computing nothing else",
    }
    rows = session.execute(
        update(Evaluation)
        .where(Evaluation.id.in_(expired))
        .values(
            attempts=attempts,
            suspect=True,
            state=case((exhausted, "failed"), else_="queued"),
            failed=case(
                (exhausted, joined(Evaluation.failed, Evaluation.outstanding)),
                else_=Evaluation.failed,
            ),
            outstanding=case((exhausted, names([])), else_=Evaluation.outstanding),
            error=case((exhausted, literal(reason, Evaluation.error.type)), else_=Evaluation.error),
            **FREE,
        )
        .returning(Evaluation.id, Evaluation.state)
    )
    state_of = dict(rows.all())
    session.execute(forgo(expired))
    return settle(session, {each: () for each, state in state_of.items() if state == "failed"})
