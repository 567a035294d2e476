"""What every worker sees to once in a while, whoever else does so too."""

import structlog

from service.db import claimable, jobs, known, leases, throughput, trainings, workers
from service.workers import bells
from service.workers.surroundings import Surroundings

log = structlog.get_logger()

PURGED_AT_ONCE = 20_000
"""Items a sweep, whatever jobs they are of: a second at most."""

DEAD_AFTER_LEASES = 20
"""A worker silent for so long, ten minutes by default, is struck off the list."""


def sweep(around: Surroundings) -> None:
    """Takes up what dead workers held, rings lost doorbells again, and drops what is old.

    Raises OperationalError where the database is away.
    """
    settings, transaction = around.settings, around.database.transaction
    with transaction() as session:
        touched = leases.sweep(session, settings.attempts_limit)
        pending = claimable.with_queued(session)
    with transaction() as session:
        workers.forget_dead(session, DEAD_AFTER_LEASES * settings.lease_seconds)
        purged = jobs.purge(session, settings.job_days, PURGED_AT_ONCE)
        trainings.drop_checkpoints(session, settings.checkpoint_days)
        throughput.forget_old(session)
    if purged:
        log.info("purged", jobs=purged)
    with transaction() as session:
        unplaced = known.waiting(session)
    for bench in unplaced:
        with transaction() as session:
            known.place(session, bench, patient=False)
    bells.announce(around.doorbells, touched)
    bells.ring_missing(around.doorbells, pending)
