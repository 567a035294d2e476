"""Whose turn it is: one training at a time, the jobs in turn."""

import time
from collections.abc import Generator, Iterator
from uuid import UUID, uuid4

from service.db import claimable, leases, models, protocols, trainings
from service.db.evaluations import Claimed
from service.training.protocols import run_of
from service.workers.surroundings import Surroundings
from service.workers.trainings.task import Task


class Turns:
    """Claims trainings, and says when one has had its turn."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._last: UUID | None = None
        """The job that had the last turn."""

    def claim(self) -> Generator[None, None, Task | None]:
        """What is answered by a run already; else the first that no worker trains, of the job
        behind the last one."""
        with self._around.database.transaction() as session:
            answered = trainings.answered(session)
            waiting = list(claimable.in_background(session))
        if answered is not None and (task := self._claim_of(*answered)) is not None:
            return task
        if self._last in waiting:
            after = waiting.index(self._last) + 1
            waiting = waiting[after:] + waiting[:after]
        for job_id in waiting:
            if (task := self._claim_of(job_id)) is not None:
                self._last = job_id
                return task
            yield
        return None

    def _claim_of(self, job_id: UUID, answered: int | None = None) -> Task | None:
        """Of a job the evaluation that is answered, or the first that no worker trains."""
        around, lease = self._around, uuid4()
        with around.database.transaction() as session:
            job = session.get(models.Job, job_id)
            if job is None:
                return None
            protocol = protocols.stored(session, job.protocol_id)
            run, training = run_of(protocol), protocol.training
            if run is None or training is None:
                return None
            busy = set() if answered else trainings.under_way(session, run)

            def choose(candidates: Iterator[Claimed]) -> list[Claimed]:
                free = (each for each in candidates if each.architecture_id not in busy)
                return [each for each in [next(free, None)] if each is not None]

            limits = (around.settings.lease_seconds, around.settings.chunk_limit)
            chosen = leases.claim(
                session, job_id, lease, *limits, choose, answered, around.identity.id
            )
        if not chosen:
            return None
        around.watchdog.training = lease
        return Task(chosen[0], lease, protocol, training, run, time.monotonic())

    def release(self, lease: UUID) -> None:
        """Lets others have the training. Raises OperationalError."""
        self._around.watchdog.training = None
        with self._around.database.transaction() as session:
            leases.release(session, lease)

    def is_over(self, task: Task) -> bool:
        """Whether this has gone on for long and other jobs wait, or some are answered by now."""
        with self._around.database.transaction() as session:
            if trainings.answered(session) is not None:
                return True
            long = time.monotonic() > task.began + self._around.settings.training_turn_seconds
            return long and any(each != self._last for each in claimable.in_background(session))
