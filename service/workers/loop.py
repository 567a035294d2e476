"""The worker: hears a doorbell, claims a chunk, computes it, writes it, rings again."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import structlog
import torch
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.cost import BESIDES, Took, training_of
from service.db import (
    evaluations,
    jobs,
    known,
    leases,
    models,
    protocols,
    throughput,
    trainings,
    workers,
)
from service.db.evaluations import Claimed
from service.db.workers import Identity
from service.protocol import Protocol
from service.queue import Doorbells, Unreachable
from service.settings import Settings
from service.workers.evaluation import Computed, Setting, compute, described
from service.workers.evidence import Evidence
from service.workers.memory import trying_again
from service.workers.metrics import Metrics
from service.workers.pass_seconds import Times
from service.workers.trainings import Surroundings, Trainings
from service.workers.watchdog import Watchdog

log = structlog.get_logger()

T = TypeVar("T")

SETTINGS_KEPT = 16
"""Protocols with their minibatches held in memory: under 2 MB each."""


QUIET_SECONDS = 0.1
"""After work: who asks for one architecture after the other asks again by then, and shall not wait
for a slice of evidence each time."""

LOCKED_PAUSE_SECONDS = 0.05
"""A request that asks for more of the same evaluations holds them for about as long."""

PURGED_AT_ONCE = 20_000
"""Items a sweep, whatever jobs they are of: a second at most."""

BUSY_SHARE = 9
"""Of the time of a worker that always has work, so much goes to that for one part to what can
wait."""

DEAD_AFTER_LEASES = 20
"""A worker silent for so long, ten minutes by default, is struck off the list."""


class Abandoned(BaseException):
    """Raised inside a computation that there is no time left to finish."""


class Worker:
    """One process, one device. After `stop` it finishes the architecture at hand, no more, and
    after `abandon` not even that.

    With `reserved`, it leaves bulk architectures that cost more than `heavy_seconds` to the others,
    so that live work does not wait a minute behind one of them, and neither correlates nor trains.
    An architecture that needs more than `memory_bytes` it sets aside.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        doorbells: Doorbells,
        metrics: Metrics,
        device: str,
        reserved: bool,
        memory_bytes: int,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._doorbells = doorbells
        self._metrics = metrics
        self._device = device
        self._reserved = reserved
        self._memory_bytes = memory_bytes
        self._identity = Identity(
            uuid4(), socket.gethostname(), os.getpid(), device, torch.__version__
        )
        self._stopping = False
        self._computing = False
        self._next_sweep = 0.0
        self._bulk_after = 0.0
        self._known: dict[int, Setting] = {}
        self._unwritten: list[tuple[Claimed, Computed]] = []
        self._written_at = 0.0
        self._times = Times(device)
        self._passed = Took(0, 0.0)
        """The evaluations of the chunk at hand, and the seconds of their passes."""
        self._evidence: Evidence | None = None
        self._trainings: Trainings | None = None
        self._worked_at = 0.0
        self._train_after = 0.0
        self._busy_until = 0.0
        """When a worker that always has work does the next slice of what can wait."""

    def stop(self) -> None:
        self._stopping = True

    def abandon(self) -> None:
        """For a signal handler: puts back even what is being computed right now."""
        self._stopping = True
        if self._computing:
            raise Abandoned

    def run(self) -> None:
        """Works until `stop`; outlives a database or a Redis that goes away and comes back."""
        with Watchdog(self._engine, self._identity, self._settings.lease_seconds) as watchdog:
            self._persist(watchdog.beat)
            if not self._reserved:
                self._evidence = Evidence(
                    self._settings, self._transaction, watchdog, self._identity.id
                )
                self._trainings = Trainings(self._surroundings(watchdog))
            log.info(
                "worker ready",
                device=self._device,
                reserved=self._reserved,
                memory_bytes=self._memory_bytes,
            )
            while not self._stopping:
                try:
                    self._turn(watchdog)
                except OperationalError as error:
                    # What was claimed, if it was, must come free: no heartbeat may keep it.
                    watchdog.lease = None
                    self._pause(error)
        self._persist(self._take_leave)

    def _turn(self, watchdog: Watchdog) -> None:
        if time.monotonic() >= self._next_sweep:
            self._sweep()
        job_id = self._next_job()
        if job_id is None:
            return
        watchdog.lease = lease = uuid4()
        turn = time.perf_counter()
        self._passed = Took(0, 0.0)
        try:
            setting, chunk = self._claim(job_id, lease)
            if not chunk:
                watchdog.lease = None
                return
            log.info(
                "claimed",
                request_id=chunk[0].request_id,
                job=str(job_id),
                architectures=len(chunk),
                seconds=_since(turn),
            )
            self._written_at = time.monotonic()
            for claimed in chunk:
                if self._stopping or not self._evaluate(setting, claimed, lease):
                    break
        except Abandoned:
            log.info("put back unfinished", job=str(job_id))
        self._write(lease)
        # Not in a `finally`: whatever else is raised ends this worker, and then the lease has to
        # run out, so that what did it is claimed alone and counted.
        self._persist(lambda: self._release(lease, chunk))
        watchdog.lease = None
        self._worked_at = time.monotonic()
        if self._worked_at >= self._busy_until and not self._live_waits():
            # Where there is always work there is evidence all the same, and trainings get on.
            began = time.monotonic()
            self._use_spare_time()
            took = time.monotonic() - began
            self._busy_until = time.monotonic() + max(
                self._settings.chunk_seconds, BUSY_SHARE * took
            )
        self._account(setting.protocol, time.perf_counter() - turn)

    def _account(self, protocol: Protocol, seconds: float) -> None:
        """Keeps what of a turn's time was no pass's."""
        evaluations, passed = self._passed
        if evaluations:
            besides = {BESIDES: seconds - passed}
            self._times.add(
                protocol.bench, protocol.name, besides, moving=False, evaluations=evaluations
            )

    def _live_waits(self) -> bool:
        try:
            return self._doorbells.live_waits()
        except Unreachable as error:
            log.warning("redis gone", error=str(error))
            return False

    def _is_wanted(self) -> bool:
        """Whether a training shall pause: where nobody can say it does, and looks into Postgres."""
        try:
            return self._stopping or self._doorbells.live_waits()
        except Unreachable:
            return True

    def _use_spare_time(self) -> bool:
        """Does a slice of each kind of what can wait; False where nothing does."""
        correlated = self._evidence is not None and self._evidence.advance()
        if self._trainings is None or (correlated and time.monotonic() < self._train_after):
            return correlated
        began = time.monotonic()
        try:
            trained = self._trainings.advance()
        except Abandoned:
            log.info("training given up")
            return True
        # Where there is evidence to find too, each has half the time.
        self._train_after = 2 * time.monotonic() - began
        return correlated or trained

    def _surroundings(self, watchdog: Watchdog) -> Surroundings:
        return Surroundings(
            self._settings,
            self._transaction,
            watchdog,
            self._identity.id,
            self._device,
            self._memory_bytes,
            is_wanted=self._is_wanted,
            interruptible=self._interruptible,
            announce=self._announce,
            trained=self._trained,
            persist=self._persist,
        )

    def _trained(self, claimed: Claimed, protocol: Protocol, images: int, seconds: float) -> None:
        passes = {training_of(images): seconds}
        self._metrics.evaluated(claimed.bench, {"training": seconds})
        self._times.add(claimed.bench, protocol.name, passes, moving=False)

    def _release(self, lease: UUID, chunk: list[Claimed]) -> None:
        with self._transaction() as session:
            leases.release(session, lease)
        with self._transaction() as session:
            waiting = jobs.waiting_for(session, [claimed.id for claimed in chunk])
        # What is put back, and what was asked for while the chunk was computed.
        for job_id, priority in waiting:
            self._ring(job_id, priority)

    def _take_leave(self) -> None:
        if self._evidence is not None:
            self._evidence.put_back()
        if self._trainings is not None:
            self._trainings.put_back()
        self._write_times()
        with self._transaction() as session:
            workers.forget(session, self._identity.id)

    def _persist(self, write: Callable[[], T]) -> T | None:
        """Writes once the database answers; None where it is told to stop before that."""
        while True:
            try:
                return write()
            except OperationalError as error:
                if self._stopping:
                    log.warning("stopped without the database", error=str(error))
                    return None
                self._pause(error)

    def _pause(self, error: OperationalError) -> None:
        log.warning("database gone or busy", error=str(error))
        time.sleep(self._settings.idle_seconds)

    def _next_job(self) -> UUID | None:
        """From a doorbell, or from Postgres where no bell rings or Redis is gone.

        None too where it has done something else that could wait no longer than for a bell.
        """
        live_only = time.monotonic() < self._bulk_after
        idle = time.monotonic() >= self._worked_at + QUIET_SECONDS
        try:
            heard = self._doorbells.heard(live_only=live_only)
            if heard is None and idle and self._use_spare_time():
                return None
            if heard is None:
                seconds = self._settings.idle_seconds if idle else QUIET_SECONDS
                heard = self._doorbells.wait(seconds, live_only=live_only)
        except Unreachable as error:
            log.warning("redis gone", error=str(error))
            if not (idle and self._use_spare_time()):
                time.sleep(min(1.0, self._settings.idle_seconds))
            heard = None
        with self._transaction() as session:
            if heard is not None:
                # A doorbell may be older than its job, not ours at all, or of what needs none.
                job = session.get(models.Job, heard)
                return None if job is None or job.priority == jobs.BACKGROUND else heard
            pending = jobs.with_queued(session)
        return next((j for j, priority in pending if priority == "live" or not live_only), None)

    def _claim(self, job_id: UUID, lease: UUID) -> tuple[Setting, list[Claimed]]:
        with self._transaction() as session:
            job = session.get_one(models.Job, job_id)
            setting = self._setting(session, job.protocol_id)
            bulk = job.priority == "bulk"
            chunk = leases.claim(
                session,
                job_id,
                lease,
                self._settings.lease_seconds,
                self._settings.chunk_limit,
                lambda candidates: self._choose(setting, candidates, bulk=bulk),
                worker=self._identity.id,
            )
        if chunk:
            self._metrics.claimed(job.priority, chunk)
        with self._transaction() as session:
            more = jobs.has_queued(session, job_id)
        if more:
            if not chunk and self._reserved and bulk:
                # What is left is too heavy for this worker: let it be for a while.
                self._bulk_after = time.monotonic() + self._settings.sweep_seconds
            elif not chunk:
                # A request holds the rows for the moment.
                time.sleep(LOCKED_PAUSE_SECONDS)
            self._ring(job_id, job.priority)
        return setting, chunk

    def _choose(
        self, setting: Setting, candidates: Iterator[Claimed], *, bulk: bool
    ) -> list[Claimed]:
        """As many as fill `chunk_seconds`, at least one."""
        chunk: list[Claimed] = []
        seconds = 0.0
        for claimed in candidates:
            try:
                cost = setting.estimated_seconds(claimed)
            except Exception:
                cost = 0.0  # What has no network fails on its own, with its reason, when computed.
            if self._reserved and bulk and cost > self._settings.heavy_seconds:
                continue
            if chunk and seconds + cost > self._settings.chunk_seconds:
                break
            chunk.append(claimed)
            seconds += cost
        return chunk

    def _evaluate(self, setting: Setting, claimed: Claimed, lease: UUID) -> bool:
        """Computes, and writes when it is time to; False where the lease was lost."""
        line = log.bind(
            request_id=claimed.request_id, bench=claimed.bench, architecture=claimed.hash
        )
        started = time.perf_counter()
        try:
            computed = self._compute(setting, claimed)
        except Exception as error:
            # One bad architecture hurts nobody else: it is set aside with its reason.
            line.exception("evaluation failed")
            self._metrics.failed(claimed.bench)
            reason = described(error)
            return self._announce(self._persist(lambda: self._fail(claimed, lease, reason)))
        line.info(
            "evaluated",
            seconds=_since(started),
            passes={name: round(seconds, 4) for name, seconds in computed.passes.items()},
        )
        self._metrics.evaluated(claimed.bench, computed.passes)
        self._times.add(
            claimed.bench, setting.protocol.name, computed.passes, moving=computed.moving
        )
        evaluations, before = self._passed
        self._passed = Took(evaluations + 1, before + sum(computed.passes.values()))
        self._unwritten.append((claimed, computed))
        if time.monotonic() < self._written_at + self._settings.write_seconds:
            return True
        return self._write(lease)

    def _write(self, lease: UUID) -> bool:
        """Writes what is computed; False where the lease was lost, and nothing written."""
        if not self._unwritten:
            return True
        started = time.perf_counter()
        written = self._announce(self._persist(lambda: self._complete(lease)))
        seconds, first = _since(started), self._unwritten[0][0]
        log.info(
            "written",
            request_id=first.request_id,
            architectures=len(self._unwritten),
            seconds=seconds,
        )
        self._metrics.written(first.bench, seconds)
        self._unwritten.clear()
        self._written_at = time.monotonic()
        return written

    def _complete(self, lease: UUID) -> list[UUID] | None:
        rows = [row for _, computed in self._unwritten for row in computed.rows]
        claimed = [claimed for claimed, _ in self._unwritten]
        with self._transaction() as session:
            touched = evaluations.complete(session, claimed, lease, rows)
            if touched is not None:
                throughput.add(session, self._identity.id, evaluated=len(claimed))
            return touched

    def _fail(self, claimed: Claimed, lease: UUID, reason: Mapping[str, Any]) -> list[UUID] | None:
        with self._transaction() as session:
            touched = evaluations.fail(session, claimed, lease, reason)
            if touched is not None:
                throughput.add(session, self._identity.id, failed=1)
            return touched

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Around what `abandon` may end in the middle."""
        self._computing = True
        try:
            yield
        finally:
            self._computing = False

    def _compute(self, setting: Setting, claimed: Claimed) -> Computed:
        with self._interruptible():
            return trying_again(
                lambda: compute(setting, claimed, self._device, self._memory_bytes),
                self._device,
                lambda reason: log.warning(
                    "out of memory, trying again", architecture=claimed.hash, error=reason
                ),
            )

    def _sweep(self) -> None:
        self._next_sweep = time.monotonic() + self._settings.sweep_seconds
        with self._transaction() as session:
            touched = leases.sweep(session, self._settings.attempts_limit)
            pending = jobs.with_queued(session)
        with self._transaction() as session:
            workers.forget_dead(session, DEAD_AFTER_LEASES * self._settings.lease_seconds)
            purged = jobs.purge(session, self._settings.job_days, PURGED_AT_ONCE)
            trainings.drop_checkpoints(session, self._settings.checkpoint_days)
            throughput.forget_old(session)
        if purged:
            log.info("purged", jobs=purged)
        with self._transaction() as session:
            unplaced = known.waiting(session)
        for bench in unplaced:
            with self._transaction() as session:
                known.place(session, bench, patient=False)
        self._announce(touched)
        self._write_times()
        try:
            if lost := self._doorbells.ring_missing(pending):
                log.info("rang again", jobs=lost)
        except Unreachable as error:
            log.warning("redis gone", error=str(error))

    def _write_times(self) -> None:
        if not self._times:
            return
        with self._transaction() as session:
            self._times.write(session)
        self._times.forget()

    def _announce(self, touched: list[UUID] | None) -> bool:
        """Wakes who follows these jobs; False where the lease was lost."""
        if touched is None:
            log.warning("lease lost, nothing written")
            return False
        try:
            self._doorbells.announce(touched)
        except Unreachable as error:
            log.warning("redis gone", error=str(error))
        return True

    def _ring(self, job_id: UUID, priority: str) -> None:
        try:
            self._doorbells.ring(job_id, priority)
        except Unreachable as error:
            log.warning("redis gone", error=str(error))

    def _setting(self, session: Session, protocol_id: int) -> Setting:
        if protocol_id not in self._known:
            if len(self._known) >= SETTINGS_KEPT:
                self._known.clear()
            self._known[protocol_id] = Setting(*protocols.load(session, protocol_id))
        return self._known[protocol_id]

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session


def _since(started: float) -> float:
    """Seconds, for the log."""
    return round(time.perf_counter() - started, 4)
