"""Which of a job's evaluations a worker takes at once."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from uuid import UUID

from sqlalchemy.orm import Session

from service.db import claimable, leases, models, protocols
from service.db.evaluations import Claimed
from service.workers import bells
from service.workers.evaluation import Setting
from service.workers.surroundings import Surroundings

SETTINGS_KEPT = 16
"""Protocols with their minibatches held in memory: under 2 MB each."""

LOCKED_PAUSE_SECONDS = 0.05
"""A request that asks for more of the same evaluations holds them for about as long."""


@dataclass(frozen=True)
class Chunk:
    """Evaluations of one job that this worker holds a lease on, none where it got none."""

    job_id: UUID
    lease: UUID
    setting: Setting
    members: Sequence[Claimed]


class Claims:
    """Takes chunks that fill `chunk_seconds`.

    A reserved worker leaves bulk architectures that cost more than `heavy_seconds` to the others,
    so that live work does not wait a minute behind one of them.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._bulk_after = 0.0
        self._known: dict[int, Setting] = {}

    @property
    def live_only(self) -> bool:
        """While what was left of bulk work was too heavy for this worker."""
        return time.monotonic() < self._bulk_after

    def claim(self, job_id: UUID, lease: UUID) -> Chunk:
        """Takes a lease on a chunk of the job, and rings for what is left of it."""
        around, settings = self._around, self._around.settings
        with around.database.transaction() as session:
            job = session.get_one(models.Job, job_id)
            setting = self._setting(session, job.protocol_id)
            bulk = job.priority == "bulk"
            heaviest = settings.heavy_seconds if around.reserved and bulk else inf
            members = leases.claim(
                session,
                job_id,
                lease,
                settings.lease_seconds,
                settings.chunk_limit,
                lambda candidates: _chosen(setting, candidates, settings.chunk_seconds, heaviest),
                worker=around.identity.id,
            )
        if members:
            around.metrics.claimed(job.priority, members)
        with around.database.transaction() as session:
            more = claimable.has_queued(session, job_id)
        if more:
            if not members and around.reserved and bulk:
                # What is left is too heavy for this worker: let it be for a while.
                self._bulk_after = time.monotonic() + settings.sweep_seconds
            elif not members:
                # A request holds the rows for the moment.
                time.sleep(LOCKED_PAUSE_SECONDS)
            bells.ring(around.doorbells, job_id, job.priority)
        return Chunk(job_id, lease, setting, members)

    def _setting(self, session: Session, protocol_id: int) -> Setting:
        if protocol_id not in self._known:
            if len(self._known) >= SETTINGS_KEPT:
                self._known.clear()
            self._known[protocol_id] = Setting(*protocols.load(session, protocol_id))
        return self._known[protocol_id]


def _chosen(
    setting: Setting, candidates: Iterator[Claimed], chunk_seconds: float, heaviest: float
) -> list[Claimed]:
    """As many as fill a chunk, one at least, of those that take no more seconds than `heaviest`."""
    chunk: list[Claimed] = []
    seconds = 0.0
    for claimed in candidates:
        try:
            cost = setting.estimated_seconds(claimed)
        except Exception:
            cost = 0.0  # What has no network fails on its own, with its reason, when computed.
        if cost > heaviest:
            continue
        if chunk and seconds + cost > chunk_seconds:
            break
        chunk.append(claimed)
        seconds += cost
    return chunk
