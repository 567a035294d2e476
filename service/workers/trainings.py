"""Spare-time work: reduced trainings, batch by batch, that go on where another worker was."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import structlog
import torch
from sqlalchemy.exc import OperationalError

from service.benches import BENCHES
from service.catalogue import REDUCED_TRAINING
from service.db import datasets, evaluations, jobs, leases, models, protocols, throughput, trainings
from service.db.evaluations import Claimed
from service.db.trainings import Step
from service.engine import initial_weights
from service.graph import Graph
from service.protocol import Protocol, Training
from service.settings import Settings
from service.training.checkpoint import Checkpoint, CheckpointError
from service.training.memory import training_bytes
from service.training.protocols import recipe_of, run_of
from service.training.recipe import Recipe
from service.training.run import DivergedError, Epoch, train
from service.training.split import Split
from service.workers.evaluation import described
from service.workers.members import Transaction
from service.workers.memory import TooLargeError
from service.workers.watchdog import Watchdog

log = structlog.get_logger()

LOOK_SECONDS = 10.0
"""After which a worker looks, in the middle of an epoch, whether anybody still waits."""

Slices = Generator[None, None, None]


@dataclass(frozen=True)
class Task:
    """A training that this worker holds a lease on."""

    claimed: Claimed
    lease: UUID
    protocol: Protocol
    training: Training
    """Of the protocol."""
    run: str
    began: float
    """By the monotonic clock."""

    @cached_property
    def recipe(self) -> Recipe:
        """Raises ValueError where it is another release's."""
        return recipe_of(self.protocol)


@dataclass(frozen=True)
class Surroundings:
    """What a worker lends its trainings."""

    settings: Settings
    transaction: Transaction
    watchdog: Watchdog
    worker: UUID
    """The id that others know it by."""
    device: str
    memory_bytes: int
    is_wanted: Callable[[], bool]
    """Whether there is something for this worker that cannot wait."""
    interruptible: Callable[[], AbstractContextManager[None]]
    """Around what may be given up in the middle."""
    announce: Callable[[list[UUID] | None], bool]
    """Wakes who follows these jobs; says that the lease was lost where there are none."""
    trained: Callable[[Claimed, Protocol, int, float], None]
    """Is told of every training that is done here, with its images and seconds."""
    persist: Callable[[Callable[[], Any]], Any]
    """Writes once the database answers; None where the worker is told to stop before that."""


class Trainings:
    """What a worker trains when it has nothing better to do: `advance` goes some batches on.

    One at a time, each under a lease that is extended between the slices too. Every epoch is
    written as it ends: whoever takes up what another worker has left, or put back so that others
    have their turn, goes on behind it.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._slices: Slices | None = None
        self._next_look = 0.0
        self._last: UUID | None = None
        """The job that had the last turn."""
        self._images: tuple[tuple[str, str], Split] | None = None
        """The dataset read last, by the digests of its splits: 180 MB for CIFAR-10."""

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
            while time.monotonic() < deadline and not self._around.is_wanted():
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

    def put_back(self) -> None:
        """Lets other workers go on with what is at hand. Raises OperationalError."""
        if self._slices is not None:
            self._slices.close()
            self._slices = None
        if (lease := self._around.watchdog.training) is not None:
            self._release(lease)

    def _train_all(self) -> Slices:
        while (task := (yield from self._claim())) is not None:
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
                self._fail(task, described(error))
            self._release(task.lease)
            yield

    def _fail(self, task: Task, reason: Mapping[str, Any]) -> None:
        def write() -> list[UUID] | None:
            with self._around.transaction() as session:
                touched = evaluations.fail(session, task.claimed, task.lease, reason)
                if touched is not None:
                    throughput.add(session, self._around.worker, failed=1)
                return touched

        self._around.announce(self._around.persist(write))

    def _claim(self) -> Generator[None, None, Task | None]:
        """What is answered by a run already; else the first that no worker trains, the jobs in
        turn."""
        with self._around.transaction() as session:
            answered = trainings.answered(session)
            waiting = list(jobs.in_background(session))
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
        settings, lease = self._around.settings, uuid4()
        with self._around.transaction() as session:
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

            limits = (settings.lease_seconds, settings.chunk_limit)
            chosen = leases.claim(
                session, job_id, lease, *limits, choose, answered, self._around.worker
            )
        if not chosen:
            return None
        self._around.watchdog.training = lease
        return Task(chosen[0], lease, protocol, training, run, time.monotonic())

    def _release(self, lease: UUID) -> None:
        self._around.watchdog.training = None
        with self._around.transaction() as session:
            leases.release(session, lease)

    def _answer(self, task: Task) -> Slices:
        """Trains what is missing, and writes the score unless nobody waits for it any more, or
        others are in turn."""
        known = self._known(task)
        trains = _missing(known, task.recipe)
        if trains:
            yield from self._go_on(task, known)
            known = self._known(task)
        if known is None or _missing(known, task.recipe):
            return
        row = _score(task, known)

        def write() -> list[UUID] | None:
            with self._around.transaction() as session:
                touched = evaluations.complete(session, [task.claimed], task.lease, [row])
                if touched is not None and trains:
                    throughput.add(session, self._around.worker, evaluated=1)
                return touched

        self._around.announce(self._around.persist(write))
        if trains:
            self._around.trained(task.claimed, task.protocol, task.training.images, row["seconds"])

    def _known(self, task: Task) -> models.Training | None:
        with self._around.transaction() as session:
            return trainings.find(session, task.claimed.architecture_id, task.run)

    def _go_on(self, task: Task, known: models.Training | None) -> Slices:
        graph = self._graph(task)
        split = self._split(task)
        yield
        start = self._start(task, known)
        weights = initial_weights(graph, task.recipe.seed)
        try:
            batches = train(graph, weights, task.recipe, split, start, self._around.device)
        except CheckpointError:
            # Of a network that this release builds in another way.
            self._forget(task)
            start = None
            batches = train(graph, weights, task.recipe, split, None, self._around.device)
        number, seconds = 1 if start is None else start.epoch + 1, 0.0
        looked = time.monotonic()
        while number <= task.recipe.epochs:
            began = time.perf_counter()
            try:
                with self._around.interruptible():
                    epoch = next(batches)
            except DivergedError as error:
                self._record(task, Step(number, None, str(error), None, *self._where))
                return
            seconds += time.perf_counter() - began
            if epoch is not None:
                if not self._record(task, self._step(task, epoch, seconds)):
                    return
                if self._is_others_turn(task):
                    return
                number, seconds = number + 1, 0.0
            elif time.monotonic() > looked + LOOK_SECONDS:
                if not self._is_wanted(task):
                    return
                looked = time.monotonic()
            yield

    def _start(self, task: Task, known: models.Training | None) -> Checkpoint | None:
        """Where the run goes on; a run that cannot begins anew."""
        if known is None:
            return None
        try:
            return Checkpoint.from_bytes(known.checkpoint or b"")
        except CheckpointError:
            self._forget(task)
            return None

    def _forget(self, task: Task) -> None:
        log.warning("run begins anew", architecture=task.claimed.hash, protocol=task.protocol.name)
        with self._around.transaction() as session:
            trainings.forget(session, task.claimed.architecture_id, task.run)

    def _is_wanted(self, task: Task) -> bool:
        with self._around.transaction() as session:
            return trainings.is_wanted(session, task.claimed.id)

    def _is_others_turn(self, task: Task) -> bool:
        """Whether this has gone on for long and other jobs wait, or some are answered by now."""
        with self._around.transaction() as session:
            if trainings.answered(session) is not None:
                return True
            long = time.monotonic() > task.began + self._around.settings.training_turn_seconds
            return long and any(each != self._last for each in jobs.in_background(session))

    @property
    def _where(self) -> tuple[str, str]:
        return self._around.device, torch.__version__

    def _step(self, task: Task, epoch: Epoch, seconds: float) -> Step:
        found = (epoch.accuracy, epoch.loss, seconds)
        # Nobody goes on behind the end of the schedule.
        last = epoch.number == task.recipe.schedule_epochs
        kept = None if last else epoch.checkpoint.to_bytes()
        return Step(epoch.number, found, None, kept, *self._where)

    def _record(self, task: Task, step: Step) -> bool:
        """Whether to go on: the lease is held, and somebody still waits."""

        def write() -> trainings.Followed | None:
            with self._around.transaction() as session:
                return trainings.record(session, task.claimed, task.lease, task.run, step)

        followed = self._around.persist(write)
        self._around.announce(None if followed is None else followed.jobs)
        return followed is not None and followed.wanted

    def _graph(self, task: Task) -> Graph:
        """Raises TooLargeError where it needs more memory than this worker has."""
        protocol, training = task.protocol, task.training
        bench = BENCHES[protocol.bench]
        graph = bench.graph(dict(task.claimed.spec), protocol.skeleton, protocol.classes)
        needed = training_bytes(graph, min(protocol.batch_size, training.images))
        if needed > self._around.memory_bytes:
            raise TooLargeError(needed, self._around.memory_bytes)
        return graph

    def _split(self, task: Task) -> Split:
        name = (task.training.train, task.training.test)
        if self._images is None or self._images[0] != name:
            self._images = None  # Not two at once.
            with self._around.transaction() as session:
                whole = datasets.whole(session, task.protocol.dataset)
            if whole is None:
                raise LookupError(f"dataset {task.protocol.dataset} is not stored whole")
            split = Split(
                *(whole.train_images, whole.train_labels),
                *(whole.test_images, whole.test_labels),
                mean=whole.mean,
                std=whole.std,
                classes=len(whole.classes),
            )
            self._images = (name, split)
        return self._images[1]


def _missing(known: models.Training | None, recipe: Recipe) -> bool:
    """Whether a run has neither all epochs nor come to an end before them."""
    if known is None:
        return True
    return known.diverged is None and len(known.accuracies) < recipe.epochs


def _score(task: Task, known: models.Training) -> dict[str, Any]:
    """The row of `scores` that a run answers a task with."""
    epochs = task.recipe.epochs
    value = known.accuracies[epochs - 1] if len(known.accuracies) >= epochs else None
    return {
        "architecture_id": task.claimed.architecture_id,
        "protocol_id": task.claimed.protocol_id,
        "proxy": REDUCED_TRAINING.name,
        "revision": REDUCED_TRAINING.revision,
        "value": value,
        "undefined": known.diverged if value is None else None,
        "device": known.device,
        "torch": known.torch,
        "seconds": sum(known.seconds[:epochs]),
    }
