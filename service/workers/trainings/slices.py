"""Trainings in slices: one after the other, a batch at each step."""

import time
from collections.abc import Generator
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError

from service.cost import training_of
from service.db import models, trainings
from service.queue import Unreachable
from service.workers import results
from service.workers.evaluation import described
from service.workers.surroundings import Surroundings
from service.workers.trainings.images import Images
from service.workers.trainings.run import Run
from service.workers.trainings.task import Task
from service.workers.trainings.turns import Turns

log = structlog.get_logger()

Slices = Generator[None, None, None]


class Trainings:
    """What a worker trains when it has nothing better to do: `advance` goes some batches on.

    One at a time, each under a lease that is extended between the slices too. Every epoch is
    written as it ends: whoever takes up what another worker has left, or put back so that others
    have their turn, goes on behind it.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._turns = Turns(around)
        self._images = Images(around.database)
        self._slices: Slices | None = None
        self._next_look = 0.0

    def advance(self) -> bool:
        """Trains for as long as a chunk takes, or until the worker is wanted; False where there was
        nothing to train.

        Raises OperationalError; what was held then comes free by itself.
        """
        if self._slices is None:
            if time.monotonic() < self._next_look:
                return False
            self._slices = self._train_all()
        deadline = time.monotonic() + self._around.settings.chunk_seconds
        try:
            next(self._slices)
            while time.monotonic() < deadline and not self._is_worker_wanted():
                next(self._slices)
        except StopIteration:
            self._slices = None
            self._next_look = time.monotonic() + self._around.settings.idle_seconds
            return False
        except OperationalError:
            # What was claimed, if it was, must come free: no heartbeat may keep it.
            self._slices = None
            self._around.watchdog.training = None
            raise
        return True

    def _is_worker_wanted(self) -> bool:
        """Where nobody can say whether live work waits it does, and the worker looks."""
        try:
            return self._around.ending.begun or self._around.doorbells.live_waits()
        except Unreachable:
            return True

    def put_back(self) -> None:
        """Lets other workers go on with what is at hand. Raises OperationalError."""
        if self._slices is not None:
            self._slices.close()
            self._slices = None
        if (lease := self._around.watchdog.training) is not None:
            self._turns.release(lease)

    def _train_all(self) -> Slices:
        while (task := (yield from self._turns.claim())) is not None:
            line = log.bind(
                request_id=task.claimed.request_id,
                bench=task.claimed.bench,
                architecture=task.claimed.hash,
                protocol=task.protocol.name,
            )
            line.info("training claimed")
            try:
                yield from self._answer(task)
            except OperationalError:
                raise
            except Exception as error:
                # One bad architecture hurts nobody else: it is set aside with its reason.
                line.exception("training failed")
                results.fail(self._around, task.claimed, task.lease, described(error))
            self._turns.release(task.lease)
            yield

    def _answer(self, task: Task) -> Slices:
        """Trains what is missing, and writes the score unless nobody waits for it any more, or
        others are in turn."""
        known = self._known(task)
        trains = known is None or not task.is_answered_by(known)
        if trains:
            run = Run(self._around, task, partial(self._turns.is_over, task))
            yield from run.go_on(known, self._images)
            known = self._known(task)
        if known is None or not task.is_answered_by(known):
            return
        row = task.score(known)
        results.complete(self._around, [task.claimed], task.lease, [row], counted=trains)
        if trains:
            self._account(task, row["seconds"])

    def _known(self, task: Task) -> models.Training | None:
        with self._around.database.transaction() as session:
            return trainings.find(session, task.claimed.architecture_id, task.run)

    def _account(self, task: Task, seconds: float) -> None:
        bench, name = task.claimed.bench, task.protocol.name
        self._around.metrics.evaluated(bench, {"training": seconds})
        passes = {training_of(task.training.images): seconds}
        self._around.times.add(bench, name, passes, moving=False)
