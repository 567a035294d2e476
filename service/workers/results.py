"""What a worker has found, and how it is written.

All writes outlast a database that is away. They answer whether to go on: False where the lease was
lost, and then nothing is written.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from service.db import evaluations, throughput
from service.db.evaluations import Claimed
from service.workers import bells
from service.workers.evaluation import Computed
from service.workers.surroundings import Surroundings

log = structlog.get_logger()


class Unwritten:
    """The results of one chunk, written together each time that `write_seconds` are over."""

    def __init__(self, around: Surroundings, lease: UUID) -> None:
        self._around = around
        self._lease = lease
        self._results: list[tuple[Claimed, Computed]] = []
        self._written_at = time.monotonic()

    def add(self, claimed: Claimed, computed: Computed) -> bool:
        """Writes, with those before it, where it is time to."""
        self._results.append((claimed, computed))
        if time.monotonic() < self._written_at + self._around.settings.write_seconds:
            return True
        return self.write()

    def write(self) -> bool:
        if not self._results:
            return True
        started = time.perf_counter()
        claimed = [each for each, _ in self._results]
        rows = [row for _, computed in self._results for row in computed.rows]
        written = complete(self._around, claimed, self._lease, rows)
        seconds = round(time.perf_counter() - started, 4)
        log.info(
            "written",
            request_id=claimed[0].request_id,
            architectures=len(claimed),
            seconds=seconds,
        )
        self._around.metrics.written(claimed[0].bench, seconds)
        self._results.clear()
        self._written_at = time.monotonic()
        return written


def complete(
    around: Surroundings,
    claimed: Sequence[Claimed],
    lease: UUID,
    rows: Sequence[Mapping[str, Any]],
    *,
    counted: bool = True,
) -> bool:
    """Writes scores; `counted` where this worker has computed them."""

    def write() -> list[UUID] | None:
        with around.database.transaction() as session:
            touched = evaluations.complete(session, claimed, lease, rows)
            if touched is not None and counted:
                throughput.add(session, around.identity.id, evaluated=len(claimed))
            return touched

    return bells.announce(around.doorbells, around.database.persist(write))


def fail(around: Surroundings, claimed: Claimed, lease: UUID, reason: Mapping[str, Any]) -> bool:
    """Sets an architecture aside: one that is bad hurts nobody else."""

    def write() -> list[UUID] | None:
        with around.database.transaction() as session:
            touched = evaluations.fail(session, claimed, lease, reason)
            if touched is not None:
                throughput.add(session, around.identity.id, failed=1)
            return touched

    return bells.announce(around.doorbells, around.database.persist(write))
