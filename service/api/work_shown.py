"""What answers say of the work: jobs as lists have them, the queue, the rate, the workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from service.api.schemas.jobs import EpochCounts, Reason
from service.api.schemas.work import (
    ListedJob,
    Question,
    Queue,
    Rate,
    Task,
    Under,
    Waiting,
    Worker,
)
from service.api.time_left import ORDER
from service.db import models
from service.db.holds import Held
from service.db.job_lists import Listed
from service.db.throughput import SLOT_SECONDS, Slot
from service.protocol import Protocol

SLOTS = 60
"""Ten minutes."""

RATE_SLOTS = 3
"""The one that has just begun, and two whole ones."""

_TURN = ("scores", "training", "evidence")
"""Kinds of tasks, in the order in which a worker does them."""


def listed(
    job: Listed, protocol: Protocol, reasons: list[Reason], epochs: int, left: float | None
) -> ListedJob:
    training = protocol.training
    return ListedJob(
        job=job.id,
        bench=protocol.bench,
        protocol=Under(
            name=protocol.name, digest=protocol.digest, dataset=protocol.dataset, seed=protocol.seed
        ),
        proxies=job.proxies,
        priority=job.priority,
        state=job.state,
        size=job.size,
        finished=job.size - job.unfinished,
        failed=sum(reason.architectures for reason in reasons),
        reasons=reasons,
        epochs=training and EpochCounts(done=epochs, asked=job.size * training.epochs),
        seconds_left=left,
        created_at=job.created_at,
        ended_at=job.ended_at,
    )


def queue(
    waiting: Mapping[str, tuple[int, int]],
    found: Sequence[Listed],
    left: Mapping[UUID, float | None],
) -> Queue:
    by_priority = {}
    for priority in ORDER:
        jobs, architectures = waiting.get(priority, (0, 0))
        ends = [left.get(each.id) for each in found if each.priority == priority]
        known = [seconds for seconds in ends if seconds is not None]
        last = max(known, default=None) if len(known) == len(ends) == jobs else None
        by_priority[priority] = Waiting(jobs=jobs, architectures=architectures, seconds_left=last)
    return Queue(**by_priority)


def rate(slots: Sequence[Slot], current: datetime, elapsed: float) -> Rate:
    evaluated, failed = [0] * (SLOTS + 1), [0] * (SLOTS + 1)
    for each in slots:
        place = SLOTS - round((current - each.began).total_seconds() / SLOT_SECONDS)
        if 0 <= place <= SLOTS:
            evaluated[place] += each.evaluated
            failed[place] += each.failed
    lately = sum(evaluated[-RATE_SLOTS:]) + sum(failed[-RATE_SLOTS:])
    return Rate(
        per_second=round(lately / elapsed, 3),
        slot_seconds=SLOT_SECONDS,
        # The slot of this moment is not over.
        until=current,
        evaluated=evaluated[:SLOTS],
        failed=failed[:SLOTS],
    )


def worker(
    worker: models.Worker,
    held: Sequence[Held],
    slots: Sequence[Slot],
    current: datetime,
    elapsed: float,
) -> Worker:
    lately = sum(
        each.evaluated + each.failed
        for each in slots
        if each.worker_id == worker.id
        and (current - each.began).total_seconds() < RATE_SLOTS * SLOT_SECONDS - 1
    )
    tasks = [_task(each) for each in held if each.worker_id == worker.id]
    return Worker(
        id=worker.id,
        host=worker.host,
        pid=worker.pid,
        device=worker.device,
        torch=worker.torch,
        started_at=worker.started_at,
        seen_at=worker.seen_at,
        per_second=round(lately / elapsed, 3),
        tasks=sorted(tasks, key=lambda task: _TURN.index(task.kind)),
    )


def _task(held: Held) -> Task:
    if held.question is not None:
        kind = "evidence"
    else:
        kind = "scores" if held.epochs is None else "training"
    epoch = None if held.epochs is None else min(held.epochs_done + 1, held.epochs)
    return Task(
        kind=kind,
        job=held.job_id,
        bench=held.bench,
        protocol=held.protocol,
        architectures=held.architectures,
        hashes=held.hashes or [],
        epoch=epoch,
        epochs=held.epochs,
        question=held.question and Question(**held.question),
    )
