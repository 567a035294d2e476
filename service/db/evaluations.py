"""The ledger of work: what is asked for and what came of it.

An evaluation owes its `outstanding` proxies, and has given up those that `failed`. What a worker
writes is written only while it holds the lease (see `service.db.leases`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.db import ensembles, known, populations, scores
from service.db.models import Evaluation, Job, JobItem
from service.db.parts import in_parts
from service.db.proxy_lists import Proxies, grouped, joined, names, of_this_row, without
from service.db.settlement import settle

FREE: dict[str, Any] = {"lease": None, "alone": False}
"""Of an evaluation that nobody computes."""


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
    for some in in_parts(ids):
        await session.execute(
            insert(Evaluation).on_conflict_do_nothing(),
            [{"architecture_id": i, "protocol_id": protocol_id} for i in some],
        )
    locked = await session.execute(
        select(Evaluation.architecture_id, Evaluation.id)
        .where(Evaluation.protocol_id == protocol_id, Evaluation.architecture_id.in_(ids))
        .order_by(Evaluation.id)
        .with_for_update()
    )
    evaluation_of = dict(locked.all())
    found = await scores.known(session, bench, protocol_id, architectures, proxies)
    answer: dict[str, tuple[int, bool]] = {}
    wanted: dict[tuple[str, ...], list[int]] = {}
    for digest, architecture_id in architectures.items():
        evaluation_id, scored = evaluation_of[architecture_id], found[digest]
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
    queued_seconds: float
    """From its job's creation to this claim, by the database's clock."""


def complete(
    session: Session, computed: Sequence[Claimed], lease: UUID, rows: Sequence[Mapping[str, Any]]
) -> list[UUID] | None:
    """Writes the scores, and those of the ensembles that follow from them, and settles what they
    answer; returns the jobs that this touched.

    None where the lease is lost, and then nothing is written.
    """
    protocol_ids = sorted({each.protocol_id for each in computed})
    # Before the evaluations, since these may have to be waited for: who asks for the same
    # evaluations meanwhile would wait too, each with a connection that others need.
    for protocol_id in protocol_ids:
        populations.standing(session, protocol_id)
    known.share(session, protocol_ids)
    none_failed = Evaluation.failed == names([])
    owed = _close(session, computed, lease, case((none_failed, "done"), else_="failed"))
    if owed is None:
        return None
    scores.store(session, rows)
    by_protocol: dict[int, list[int]] = {}
    for each in computed:
        by_protocol.setdefault(each.protocol_id, []).append(each.architecture_id)
    for protocol_id, architecture_ids in sorted(by_protocol.items()):
        ensembles.derive(session, protocol_id, architecture_ids)
    return settle(session, owed)


def fail(
    session: Session, claimed: Claimed, lease: UUID, error: Mapping[str, Any]
) -> list[UUID] | None:
    """Gives up the proxies that were tried, with the reason; returns as `complete` does.

    What was asked for meanwhile has not failed: it stays queued.
    """
    given_up = {"failed": joined(Evaluation.failed, names(claimed.proxies)), "error": error}
    owed = _close(session, [claimed], lease, literal("failed"), given_up)
    return None if owed is None else settle(session, owed)


def _close(
    session: Session,
    computed: Sequence[Claimed],
    lease: UUID,
    settled: ColumnElement[str],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> dict[int, Proxies] | None:
    """Takes off what was claimed; returns what each still owes, None where the lease is lost."""
    ids = [claimed.id for claimed in computed]
    held = session.scalars(
        select(Evaluation.id)
        .where(Evaluation.id.in_(ids), Evaluation.lease == lease)
        .order_by(Evaluation.id)  # as requests lock them, so that none waits in a circle
        .with_for_update()
    ).all()
    if len(held) < len(ids):
        return None
    owed: dict[int, Proxies] = {}
    for proxies, members in grouped({each.id: tuple(each.proxies) for each in computed}):
        nothing_left = Evaluation.outstanding.contained_by(names(proxies))
        rows = session.execute(
            update(Evaluation)
            .where(Evaluation.id.in_(members))
            .values(
                outstanding=without(Evaluation.outstanding, proxies),
                state=case((nothing_left, settled), else_="queued"),
                suspect=False,
                attempts=0,
                **FREE,
                **more,
            )
            .returning(Evaluation.id, Evaluation.outstanding)
            .execution_options(synchronize_session=False)
        )
        owed |= {evaluation_id: tuple(left) for evaluation_id, left in rows}
    if left_over := [evaluation_id for evaluation_id, left in owed.items() if left]:
        session.execute(forgo(left_over))
    return owed


def forgo(evaluation_ids: Sequence[int]) -> Update:
    """Drops, of those that are queued, the proxies that no running job waits for any more.

    The caller holds the evaluations.
    """
    wanted = (
        select(func.unnest(Job.proxies))
        .join(JobItem, JobItem.job_id == Job.id)
        .where(
            JobItem.evaluation_id == Evaluation.id,
            JobItem.finished.is_(None),
            Job.state == "running",
        )
        .correlate(Evaluation)
    )
    kept = func.array(of_this_row(Evaluation.outstanding).intersect(wanted).scalar_subquery())
    settled = case((Evaluation.failed == names([]), "done"), else_="failed")
    return (
        update(Evaluation)
        .where(Evaluation.id.in_(evaluation_ids), Evaluation.state == "queued")
        .values(outstanding=kept, state=case((kept == names([]), settled), else_="queued"))
        .execution_options(synchronize_session=False)
    )


def requeue(evaluation_ids: Sequence[int], proxies: Collection[str]) -> Update:
    """Owes again proxies that all of the evaluations have given up.

    The caller holds the evaluations.
    """
    remain = without(Evaluation.failed, proxies)
    return (
        update(Evaluation)
        .where(Evaluation.id.in_(evaluation_ids))
        .values(
            outstanding=joined(Evaluation.outstanding, names(proxies)),
            failed=remain,
            error=case((remain == names([]), None), else_=Evaluation.error),
            attempts=0,
            state=case((Evaluation.state == "running", "running"), else_="queued"),
        )
        .execution_options(synchronize_session=False)
    )


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many evaluations are queued and running."""
    # Each by its own partial index: together they would read the whole table.
    queued = select(func.count()).where(Evaluation.state == "queued").scalar_subquery()
    running = select(func.count()).where(Evaluation.lease.is_not(None)).scalar_subquery()
    row = (await session.execute(select(queued, running))).one()
    return {"queued": row[0], "running": row[1]}
