"""What a worker says over Redis. It goes on without: sweeps and followers look into Postgres."""

from collections.abc import Collection
from uuid import UUID

import structlog

from service.queue import Doorbells, Unreachable

log = structlog.get_logger()


def ring(doorbells: Doorbells, job_id: UUID, priority: str) -> None:
    """Says that the job has something to claim."""
    try:
        doorbells.ring(job_id, priority)
    except Unreachable as error:
        log.warning("redis gone", error=str(error))


def ring_missing(doorbells: Doorbells, jobs: Collection[tuple[UUID, str]]) -> None:
    """Says it of those jobs, (id, priority), whose doorbell was lost."""
    try:
        if lost := doorbells.ring_missing(jobs):
            log.info("rang again", jobs=lost)
    except Unreachable as error:
        log.warning("redis gone", error=str(error))


def announce(doorbells: Doorbells, touched: list[UUID] | None) -> bool:
    """Wakes who follows these jobs; False where there are none since the lease was lost."""
    if touched is None:
        log.warning("lease lost, nothing written")
        return False
    try:
        doorbells.announce(touched)
    except Unreachable as error:
        log.warning("redis gone", error=str(error))
    return True


def live_waits(doorbells: Doorbells) -> bool:
    """Whether there is live work to hear of; False where nobody can say."""
    try:
        return doorbells.live_waits()
    except Unreachable as error:
        log.warning("redis gone", error=str(error))
        return False
