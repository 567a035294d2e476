"""One run: its epochs are trained batch by batch, and each is written as it ends."""

import time
from collections.abc import Callable, Iterator

import structlog
import torch

from service.benches import BENCHES
from service.db import models, trainings
from service.db.trainings import Followed, Step
from service.engine import initial_weights
from service.graph import Graph
from service.training.checkpoint import Checkpoint, CheckpointError
from service.training.memory import training_bytes
from service.training.run import DivergedError, Epoch, train
from service.training.split import Split
from service.workers import bells
from service.workers.memory import TooLargeError
from service.workers.surroundings import Surroundings
from service.workers.trainings.images import Images
from service.workers.trainings.task import Task

log = structlog.get_logger()

LOOK_SECONDS = 10.0
"""After which a worker looks, in the middle of an epoch, whether anybody still waits."""

Batches = Iterator[Epoch | None]


class Run:
    """Goes on behind the epochs that are known."""

    def __init__(self, around: Surroundings, task: Task, is_turn_over: Callable[[], bool]) -> None:
        self._around = around
        self._task = task
        self._is_turn_over = is_turn_over
        self._device = around.identity.device

    def go_on(self, known: models.Training | None, images: Images) -> Iterator[None]:
        """A batch at each step, until all epochs are there, nobody waits any more, or one is
        written and the turn is over.

        Raises TooLargeError where it needs more memory than this worker has.
        """
        graph, split = self._graph(), images.of(self._task)
        yield
        number, batches = self._batches(graph, split, known)
        seconds, looked = 0.0, time.monotonic()
        while number <= self._task.recipe.epochs:
            began = time.perf_counter()
            try:
                with self._around.ending.interruptible():
                    epoch = next(batches)
            except DivergedError as error:
                self._record(Step(number, None, str(error), None, self._device, torch.__version__))
                return
            seconds += time.perf_counter() - began
            if epoch is not None:
                if not self._record(self._step(epoch, seconds)) or self._is_turn_over():
                    return
                number, seconds = number + 1, 0.0
            elif time.monotonic() > looked + LOOK_SECONDS:
                if not self._is_wanted():
                    return
                looked = time.monotonic()
            yield

    def _graph(self) -> Graph:
        protocol, training = self._task.protocol, self._task.training
        bench = BENCHES[protocol.bench]
        graph = bench.graph(dict(self._task.claimed.spec), protocol.skeleton, protocol.classes)
        needed = training_bytes(graph, min(protocol.batch_size, training.images))
        if needed > self._around.memory_bytes:
            raise TooLargeError(needed, self._around.memory_bytes)
        return graph

    def _batches(
        self, graph: Graph, split: Split, known: models.Training | None
    ) -> tuple[int, Batches]:
        """The next epoch, and what trains from there on; a run that cannot go on begins anew."""
        recipe = self._task.recipe
        weights = initial_weights(graph, recipe.seed)
        if known is not None:
            try:
                start = Checkpoint.from_bytes(known.checkpoint or b"")
                batches = train(graph, weights, recipe, split, start, self._device)
            except CheckpointError:
                # None is kept, or it is of a network that this release builds in another way.
                self._forget()
            else:
                return start.epoch + 1, batches
        return 1, train(graph, weights, recipe, split, None, self._device)

    def _forget(self) -> None:
        claimed = self._task.claimed
        log.warning("run begins anew", architecture=claimed.hash, protocol=self._task.protocol.name)
        with self._around.database.transaction() as session:
            trainings.forget(session, claimed.architecture_id, self._task.run)

    def _is_wanted(self) -> bool:
        with self._around.database.transaction() as session:
            return trainings.is_wanted(session, self._task.claimed.id)

    def _step(self, epoch: Epoch, seconds: float) -> Step:
        found = (epoch.accuracy, epoch.loss, seconds)
        # Nobody goes on behind the end of the schedule.
        last = epoch.number == self._task.recipe.schedule_epochs
        kept = None if last else epoch.checkpoint.to_bytes()
        return Step(epoch.number, found, None, kept, self._device, torch.__version__)

    def _record(self, step: Step) -> bool:
        """Whether to go on: the lease is held, and somebody still waits."""
        task = self._task

        def write() -> Followed | None:
            with self._around.database.transaction() as session:
                return trainings.record(session, task.claimed, task.lease, task.run, step)

        followed = self._around.database.persist(write)
        bells.announce(self._around.doorbells, None if followed is None else followed.jobs)
        return followed is not None and followed.wanted
