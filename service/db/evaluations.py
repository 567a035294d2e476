"""The ledger of work: what is asked for, who computes it, what came of it.

An evaluation owes its `outstanding` proxies. A worker takes it under a lease, and whatever it
writes is written only while it holds that lease.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from service.db import scores
from service.db.models import Architecture, Evaluation, Job, JobItem, Lease

WORKER_DIED = "worker-died"

_OWED = select(func.unnest(Evaluation.outstanding)).correlate(Evaluation)
"""Inside an UPDATE: of the row at hand. Not correlated by hand, it is the whole table's."""


async def enqueue(
    session: AsyncSession,
    bench: str,
    protocol_id: int,
    architectures: Mapping[str, int],
    proxies: Collection[str],
) -> dict[str, tuple[int, bool]]:
    """Queues what is not yet scored; returns each hash's evaluation and whether it is finished.

    What is missing is looked up after the evaluations are locked, so that nothing which a worker
    has just written is queued again. A failed evaluation is queued again only for proxies that it
    did not fail at.
    """
    ids = sorted(architectures.values())
    await session.execute(
        insert(Evaluation).on_conflict_do_nothing(),
        [{"architecture_id": i, "protocol_id": protocol_id} for i in ids],
    )
    locked = await session.execute(
        select(Evaluation.architecture_id, Evaluation.id)
        .where(Evaluation.protocol_id == protocol_id, Evaluation.architecture_id.in_(ids))
        .order_by(Evaluation.id)
        .with_for_update()
    )
    evaluation_of = dict(locked.all())
    known = await scores.known(session, bench, protocol_id, architectures, proxies)
    answer: dict[str, tuple[int, bool]] = {}
    wanted: dict[tuple[str, ...], list[int]] = {}
    for digest, architecture_id in architectures.items():
        evaluation_id, scored = evaluation_of[architecture_id], known[digest]
        owed, failed = scored.owes(proxies), scored.failed(proxies)
        answer[digest] = (evaluation_id, failed or not owed)
        if owed and not failed:
            wanted.setdefault(tuple(sorted(owed)), []).append(evaluation_id)
    for missing, evaluation_ids in wanted.items():
        union = _OWED.union(select(func.unnest(literal(list(missing), ARRAY(Text)))))
        await session.execute(
            update(Evaluation)
            .where(Evaluation.id.in_(evaluation_ids))
            .values(
                outstanding=func.array(union.scalar_subquery()),
                state=case((Evaluation.state == "running", "running"), else_="queued"),
                error=None,
            )
        )
    return answer


@dataclass(frozen=True, slots=True)
class Claimed:
    """An evaluation that this worker holds a lease on."""

    id: int
    architecture_id: int
    hash: str
    bench: str
    spec: Mapping[str, Any]
    proxies: Sequence[str]
    protocol_id: int
    request_id: str


def claim(
    session: Session,
    job_id: UUID,
    lease: UUID,
    lease_seconds: float,
    limit: int,
    choose: Callable[[Iterator[Claimed]], list[Claimed]],
) -> list[Claimed]:
    """Takes a lease on those queued evaluations of a job that `choose` takes.

    Evaluations that a worker died with come last and are taken one at a time: only then does a
    further death say that it was their doing.
    """
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
            Evaluation.suspect,
        )
        .join(JobItem, JobItem.evaluation_id == Evaluation.id)
        .join(Job, Job.id == JobItem.job_id)
        .join(Architecture, Architecture.id == Evaluation.architecture_id)
        .where(Job.id == job_id, JobItem.finished.is_(False), Evaluation.state == "queued")
        .order_by(Evaluation.suspect, JobItem.position)
        .limit(limit)
        .with_for_update(of=Evaluation, skip_locked=True)
    ).all()
    candidates = {row[0]: row for row in reversed(rows)}  # a job may name an evaluation twice
    ordered = [candidates.pop(row[0]) for row in rows if row[0] in candidates]
    if ordered and ordered[0].suspect:
        ordered = ordered[:1]
    chosen = choose(Claimed(*row[:8]) for row in ordered if row is ordered[0] or not row.suspect)
    if chosen:
        session.execute(
            update(Evaluation)
            .where(Evaluation.id.in_([claimed.id for claimed in chosen]))
            .values(state="running", lease=lease, alone=len(chosen) == 1)
        )
        session.execute(insert(Lease).values(id=lease, until=_from_now(lease_seconds)))
    return chosen


def extend(session: Session, lease: UUID, lease_seconds: float) -> None:
    session.execute(update(Lease).where(Lease.id == lease).values(until=_from_now(lease_seconds)))


def release(session: Session, lease: UUID) -> None:
    """Ends a lease and puts back what was not computed under it."""
    held = session.scalars(
        select(Evaluation.id)
        .where(Evaluation.lease == lease)
        .order_by(Evaluation.id)  # as requests lock them, so that none waits in a circle
        .with_for_update()
    ).all()
    if held:
        session.execute(
            update(Evaluation).where(Evaluation.id.in_(held)).values(state="queued", **_FREE)
        )
    session.execute(delete(Lease).where(Lease.id == lease))


def _from_now(seconds: float) -> ColumnElement[datetime]:
    # The database's clock: hosts disagree.
    return func.now() + timedelta(seconds=seconds)


_FREE: dict[str, Any] = {"lease": None, "alone": False}


def complete(
    session: Session, claimed: Claimed, lease: UUID, rows: Sequence[Mapping[str, Any]]
) -> list[UUID] | None:
    """Writes the scores and settles what they answer; returns the jobs that this touched.

    None where the lease is lost, and then nothing is written.
    """
    rest = _OWED.except_(select(func.unnest(literal(list(claimed.proxies), ARRAY(Text)))))
    left = session.execute(
        update(Evaluation)
        .where(Evaluation.id == claimed.id, Evaluation.lease == lease)
        .values(
            outstanding=func.array(rest.scalar_subquery()),
            state=case(
                (
                    Evaluation.outstanding.contained_by(
                        literal(list(claimed.proxies), ARRAY(Text))
                    ),
                    "done",
                ),
                else_="queued",
            ),
            suspect=False,
            attempts=0,
            **_FREE,
        )
        .returning(Evaluation.outstanding)
    ).scalar_one_or_none()
    if left is None:
        return None
    scores.store(session, rows)
    return _settle(session, claimed.id, left)


def fail(
    session: Session, claimed: Claimed, lease: UUID, error: Mapping[str, Any]
) -> list[UUID] | None:
    """Sets an evaluation aside with its reason; returns as `complete` does.

    Where more was asked for meanwhile, it is queued once more: what was never tried has not failed.
    """
    tried = Evaluation.outstanding.contained_by(literal(list(claimed.proxies), ARRAY(Text)))
    state = session.execute(
        update(Evaluation)
        .where(Evaluation.id == claimed.id, Evaluation.lease == lease)
        .values(
            state=case((tried, "failed"), else_="queued"),
            error=case((tried, literal(error, Evaluation.error.type)), else_=None),
            suspect=False,
            attempts=0,
            **_FREE,
        )
        .returning(Evaluation.state)
    ).scalar_one_or_none()
    if state is None:
        return None
    return _settle(session, claimed.id, []) if state == "failed" else []


def _settle(session: Session, evaluation_id: int, still_owed: Sequence[str]) -> list[UUID]:
    """Marks the items of every job that now has its answer."""
    owes = Job.proxies.overlap(literal(list(still_owed), ARRAY(Text)))
    settled = session.execute(
        update(JobItem)
        .where(
            JobItem.job_id == Job.id,
            JobItem.evaluation_id == evaluation_id,
            JobItem.finished.is_(False),
            ~owes,
        )
        .values(finished=True)
        .returning(JobItem.job_id)
    )
    return list(set(settled.scalars()))


def sweep(session: Session, attempts_limit: int) -> list[UUID]:
    """Takes back the leases of dead workers; returns the jobs of what was set aside for good.

    An evaluation that was alone when its worker died counts an attempt; one of a chunk is only
    suspect.
    """
    holds = exists().where(Lease.id == Evaluation.lease, Lease.until >= func.now())
    expired = session.scalars(
        select(Evaluation.id)
        .where(Evaluation.state == "running", ~holds)
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
            error=case((exhausted, literal(reason, Evaluation.error.type)), else_=None),
            **_FREE,
        )
        .returning(Evaluation.id, Evaluation.state)
    )
    touched: list[UUID] = []
    for evaluation_id, state in rows.all():
        if state == "failed":
            touched += _settle(session, evaluation_id, [])
    return touched


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many evaluations are queued and running."""
    rows = await session.execute(
        select(Evaluation.state, func.count())
        .where(or_(Evaluation.state == "queued", Evaluation.state == "running"))
        .group_by(Evaluation.state)
    )
    return {"queued": 0, "running": 0} | dict(rows.all())
