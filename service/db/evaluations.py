"""The ledger of work: what is asked for and what came of it.

An evaluation owes its `outstanding` proxies, and has given up those that `failed`. What a worker
writes is written only while it holds the lease (see `service.db.leases`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import Text

from service.db import scores
from service.db.models import Evaluation, Job, JobItem

Column = InstrumentedAttribute[list[str]]

FREE: dict[str, Any] = {"lease": None, "alone": False}
"""Of an evaluation that nobody computes."""


def names(proxies: Collection[str]) -> ColumnElement[list[str]]:
    return literal(list(proxies), ARRAY(Text))


def _of_this_row(column: Column) -> Select[Any]:
    # Inside an UPDATE. Not correlated by hand, it reads the whole table's.
    return select(func.unnest(column)).correlate(Evaluation)


def joined(column: Column, more: ColumnElement[list[str]] | Column) -> ColumnElement[Any]:
    """The proxies of either list, each once."""
    more_of_it = select(func.unnest(more)).correlate(Evaluation)
    return func.array(_of_this_row(column).union(more_of_it).scalar_subquery())


def _without(column: Column, proxies: Collection[str]) -> ColumnElement[Any]:
    fewer = select(func.unnest(names(proxies)))
    return func.array(_of_this_row(column).except_(fewer).scalar_subquery())


async def enqueue(
    session: AsyncSession,
    bench: str,
    protocol_id: int,
    architectures: Mapping[str, int],
    proxies: Collection[str],
) -> dict[str, tuple[int, bool]]:
    """Queues what is not yet scored; returns each hash's evaluation and whether it is finished.

    What is missing is looked up after the evaluations are locked, so that nothing which a worker
    has just written is queued again. What failed is not queued again.
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
        missing = scored.awaited(proxies)
        answer[digest] = (evaluation_id, not missing)
        if missing:
            wanted.setdefault(tuple(sorted(missing)), []).append(evaluation_id)
    for missing_of_some, evaluation_ids in wanted.items():
        await session.execute(
            update(Evaluation)
            .where(Evaluation.id.in_(evaluation_ids))
            .values(
                outstanding=joined(Evaluation.outstanding, names(missing_of_some)),
                state=case((Evaluation.state == "running", "running"), else_="queued"),
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


def complete(
    session: Session, claimed: Claimed, lease: UUID, rows: Sequence[Mapping[str, Any]]
) -> list[UUID] | None:
    """Writes the scores and settles what they answer; returns the jobs that this touched.

    None where the lease is lost, and then nothing is written.
    """
    none_failed = Evaluation.failed == names([])
    left = _close(session, claimed, lease, case((none_failed, "done"), else_="failed"), {})
    if left is None:
        return None
    scores.store(session, rows)
    return settle(session, claimed.id, left)


def fail(
    session: Session, claimed: Claimed, lease: UUID, error: Mapping[str, Any]
) -> list[UUID] | None:
    """Gives up the proxies that were tried, with the reason; returns as `complete` does.

    What was asked for meanwhile has not failed: it stays queued.
    """
    given_up = {"failed": joined(Evaluation.failed, names(claimed.proxies)), "error": error}
    left = _close(session, claimed, lease, literal("failed"), given_up)
    return None if left is None else settle(session, claimed.id, left)


def _close(
    session: Session,
    claimed: Claimed,
    lease: UUID,
    settled: ColumnElement[str],
    more: Mapping[str, Any],
) -> Sequence[str] | None:
    """Takes off what was claimed; returns what is still owed, None where the lease is lost."""
    nothing_left = Evaluation.outstanding.contained_by(names(claimed.proxies))
    left: Sequence[str] | None = session.execute(
        update(Evaluation)
        .where(Evaluation.id == claimed.id, Evaluation.lease == lease)
        .values(
            outstanding=_without(Evaluation.outstanding, claimed.proxies),
            state=case((nothing_left, settled), else_="queued"),
            suspect=False,
            attempts=0,
            **FREE,
            **more,
        )
        .returning(Evaluation.outstanding)
    ).scalar_one_or_none()
    return left


def settle(session: Session, evaluation_id: int, still_owed: Sequence[str]) -> list[UUID]:
    """Marks the items of every job that now has its answer; returns those jobs."""
    settled = session.execute(
        update(JobItem)
        .where(
            JobItem.job_id == Job.id,
            JobItem.evaluation_id == evaluation_id,
            JobItem.finished.is_(False),
            ~Job.proxies.overlap(names(still_owed)),
        )
        .values(finished=True)
        .returning(JobItem.job_id)
    )
    return list(set(settled.scalars()))


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many evaluations are queued and running."""
    rows = await session.execute(
        select(Evaluation.state, func.count())
        .where(or_(Evaluation.state == "queued", Evaluation.state == "running"))
        .group_by(Evaluation.state)
    )
    return {"queued": 0, "running": 0} | dict(rows.all())
