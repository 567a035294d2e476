"""What the service does now, read from the database once for all who ask a process about it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import work_shown
from service.api.costs import seconds_by_device
from service.api.schemas.jobs import Reason
from service.api.schemas.work import (
    ListedJob,
    Work,
)
from service.api.time_left import Rest, time_left
from service.db import holds, job_lists, models, pass_seconds, throughput, workers
from service.db.job_lists import Listed
from service.db.throughput import SLOT_SECONDS
from service.protocol import Protocol
from service.settings import Settings

RUNNING_LIMIT = 5_000
"""Jobs that a look reads one by one. Where more run, nobody can say how long they take."""

REST = 10
"""Times as long as a look took it is not repeated: however many jobs run, looking at them takes a
tenth of the time at most."""


@dataclass(frozen=True)
class Now:
    """One look."""

    work: Work
    running: Mapping[UUID, Listed]
    """The oldest `RUNNING_LIMIT` jobs."""
    left: Mapping[UUID, float | None]
    """Seconds by running job."""
    epochs: Mapping[UUID, int]
    """By running job that trains, how many are done."""


class Outlook:
    """Of one API process."""

    def __init__(self, database: async_sessionmaker[AsyncSession], settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._looking = asyncio.Lock()
        self._now: Now | None = None
        self._until = 0.0
        self._protocols: dict[int, Protocol] = {}

    async def now(self) -> Now:
        """A look that is a second old at most, or rests. Raises what the database does."""
        async with self._looking:
            if self._now is None or monotonic() >= self._until:
                began = monotonic()
                async with self._database() as session:
                    self._now = await self._look(session)
                took = monotonic() - began
                self._until = began + took + max(self._settings.look_seconds, REST * took)
            return self._now

    async def seconds_left(self, job: models.Job) -> float | None:
        if job.state != "running":
            return None
        return (await self.now()).left.get(job.id)

    async def shown(self, jobs: Sequence[Listed]) -> list[ListedJob]:
        """Jobs with what failed in them and how long they take."""
        ids = [each.id for each in jobs]
        running = any(each.state == "running" for each in jobs)
        left = (await self.now()).left if running else {}
        async with self._database() as session:
            described = await self._described(session, {each.protocol_id for each in jobs})
            trains = [each.id for each in jobs if described[each.protocol_id].training is not None]
            failed = await job_lists.reasons(session, ids)
            done = await job_lists.epochs_done(session, trains)
        return [
            work_shown.listed(
                each,
                described[each.protocol_id],
                [Reason(**reason._asdict()) for reason in failed.get(each.id, ())],
                done.get(each.id, (0, 0))[0],
                left.get(each.id) if each.state == "running" else None,
            )
            for each in jobs
        ]

    async def _look(self, session: AsyncSession) -> Now:
        found = await job_lists.running(session, RUNNING_LIMIT + 1)
        waiting = await job_lists.waiting(session)
        alive = await workers.heard_of(session, self._settings.worker_seen_seconds)
        held = await holds.every(session)
        now, current, slots = await throughput.slots(session, work_shown.SLOTS)
        devices = [each.device for each in alive]
        left: Mapping[UUID, float | None] = {}
        epochs: Mapping[UUID, tuple[int, int]] = {}
        if len(found) <= RUNNING_LIMIT:
            described = await self._described(session, {each.protocol_id for each in found})
            trains = [each for each in found if described[each.protocol_id].training is not None]
            epochs = await job_lists.epochs_done(session, [each.id for each in trains])
            rests = await self._rests(session, found, epochs, set(devices))
            left = time_left(rests, devices)
        elapsed = (now - current).total_seconds() + (work_shown.RATE_SLOTS - 1) * SLOT_SECONDS
        work = Work(
            at=now,
            queue=work_shown.queue(waiting, found, left),
            in_hand=sum(each.architectures for each in held),
            rate=work_shown.rate(slots, current, elapsed),
            workers=[work_shown.worker(each, held, slots, current, elapsed) for each in alive],
        )
        running = {each.id: each for each in found[:RUNNING_LIMIT]}
        return Now(work, running, left, {job: every for job, (every, _) in epochs.items()})

    async def _rests(
        self,
        session: AsyncSession,
        found: Sequence[Listed],
        done: Mapping[UUID, tuple[int, int]],
        devices: Collection[str],
    ) -> list[Rest]:
        kept = await session.run_sync(pass_seconds.every)
        described = await self._described(session, {each.protocol_id for each in found})
        trained = {each for each, protocol in described.items() if protocol.training is not None}
        of_epoch = await job_lists.epoch_seconds(session, trained)
        of_scores: dict[tuple[str, str, tuple[str, ...]], dict[str, float]] = {}
        rests = []
        for each in found:
            protocol = described[each.protocol_id]
            if protocol.training is not None:
                epochs = each.unfinished * protocol.training.epochs - done.get(each.id, (0, 0))[1]
                seconds = {
                    device: epochs / each.unfinished * taken
                    for device, taken in of_epoch.get(each.protocol_id, {}).items()
                }
            else:
                key = (protocol.bench, protocol.name, tuple(each.proxies))
                if key not in of_scores:
                    of_scores[key] = seconds_by_device(protocol, each.proxies, kept, devices)
                seconds = of_scores[key]
            rests.append(Rest(each.id, each.priority, each.unfinished, seconds))
        return rests

    async def _described(self, session: AsyncSession, ids: Set[int]) -> Mapping[int, Protocol]:
        """Protocols never change, and there are few."""
        if missing := ids - self._protocols.keys():
            for row in await job_lists.protocols_of(session, missing):
                self._protocols[row.id] = Protocol.read(row.document)
        return {each: self._protocols[each] for each in ids}
