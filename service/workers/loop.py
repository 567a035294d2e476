"""The worker: hears a doorbell, claims a chunk, computes it, writes it, rings again."""

import os
import socket
import time
from uuid import UUID, uuid4

import structlog
import torch
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from service.cost import BESIDES, Took
from service.db import claimable, jobs, leases, models, workers
from service.db.workers import Identity
from service.protocol import Protocol
from service.queue import Doorbells, Unreachable
from service.settings import Settings
from service.workers import bells
from service.workers.chunk import work_off
from service.workers.claims import Chunk, Claims
from service.workers.database import Database
from service.workers.ending import Ending
from service.workers.metrics import Metrics
from service.workers.pass_seconds import Times
from service.workers.spare_time import SpareTime
from service.workers.surroundings import Surroundings
from service.workers.sweep import sweep
from service.workers.watchdog import Watchdog

log = structlog.get_logger()

QUIET_SECONDS = 0.1
"""After work: who asks for one architecture after the other asks again by then, and shall not wait
for a slice of evidence each time."""


class Worker:
    """One process, one device. After `stop` it finishes the architecture at hand, no more, and
    after `abandon` not even that.

    With `reserved`, it stays free for live work: it leaves heavy bulk work to the others, and
    neither correlates nor trains. An architecture that needs more than `memory_bytes` it sets
    aside.
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
        identity = Identity(uuid4(), socket.gethostname(), os.getpid(), device, torch.__version__)
        ending = Ending()
        self._around = Surroundings(
            identity=identity,
            reserved=reserved,
            memory_bytes=memory_bytes,
            settings=settings,
            database=Database(engine, settings.idle_seconds, ending),
            doorbells=doorbells,
            watchdog=Watchdog(engine, identity, settings.lease_seconds),
            ending=ending,
            metrics=metrics,
            times=Times(device),
        )
        self._claims = Claims(self._around)
        self._spare_time = None if reserved else SpareTime(self._around)
        self._next_sweep = 0.0
        self._worked_at = 0.0

    def stop(self) -> None:
        self._around.ending.begin()

    def abandon(self) -> None:
        """For a signal handler: puts back even what is being computed right now."""
        self._around.ending.abandon()

    def run(self) -> None:
        """Works until `stop`; outlives a database or a Redis that goes away and comes back."""
        around = self._around
        with around.watchdog:
            around.database.persist(around.watchdog.beat)
            log.info(
                "worker ready",
                device=around.identity.device,
                reserved=around.reserved,
                memory_bytes=around.memory_bytes,
            )
            while not around.ending.begun:
                try:
                    self._turn()
                except OperationalError as error:
                    # What was claimed, if it was, must come free: no heartbeat may keep it.
                    around.watchdog.lease = None
                    around.database.pause(error)
        around.database.persist(self._take_leave)

    def _turn(self) -> None:
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self._around.settings.sweep_seconds
            sweep(self._around)
            self._around.times.write(self._around.database.transaction)
        job_id = self._next_job()
        if job_id is None:
            return
        turn = time.perf_counter()
        self._around.watchdog.lease = lease = uuid4()
        chunk = self._claims.claim(job_id, lease)
        if not chunk.members:
            self._around.watchdog.lease = None
            return
        log.info(
            "claimed",
            request_id=chunk.members[0].request_id,
            job=str(job_id),
            architectures=len(chunk.members),
            seconds=round(time.perf_counter() - turn, 4),
        )
        took = work_off(self._around, chunk)
        # Not in a `finally`: whatever else is raised ends this worker, and then the lease has to
        # run out, so that what did it is claimed alone and counted.
        self._around.database.persist(lambda: self._release(chunk))
        self._around.watchdog.lease = None
        self._worked_at = time.monotonic()
        if self._spare_time is not None:
            self._spare_time.use_share()
        self._account(chunk.setting.protocol, took, time.perf_counter() - turn)

    def _account(self, protocol: Protocol, took: Took, seconds: float) -> None:
        """Keeps what of a turn's time was no pass's."""
        if took.evaluations:
            besides = {BESIDES: seconds - took.seconds}
            self._around.times.add(
                protocol.bench, protocol.name, besides, moving=False, evaluations=took.evaluations
            )

    def _next_job(self) -> UUID | None:
        """From a doorbell, or from Postgres where no bell rings or Redis is gone.

        None too where it has done something else that could wait no longer than for a bell.
        """
        doorbells, idle_seconds = self._around.doorbells, self._around.settings.idle_seconds
        live_only = self._claims.live_only
        idle = time.monotonic() >= self._worked_at + QUIET_SECONDS
        try:
            heard = doorbells.heard(live_only=live_only)
            if heard is None and idle and self._use_spare_time():
                return None
            if heard is None:
                seconds = idle_seconds if idle else QUIET_SECONDS
                heard = doorbells.wait(seconds, live_only=live_only)
        except Unreachable as error:
            log.warning("redis gone", error=str(error))
            if not (idle and self._use_spare_time()):
                time.sleep(min(1.0, idle_seconds))
            heard = None
        with self._around.database.transaction() as session:
            if heard is not None:
                # A doorbell may be older than its job, not ours at all, or of what needs none.
                job = session.get(models.Job, heard)
                return None if job is None or job.priority == jobs.BACKGROUND else heard
            pending = claimable.with_queued(session)
        return next((j for j, priority in pending if priority == "live" or not live_only), None)

    def _use_spare_time(self) -> bool:
        return self._spare_time is not None and self._spare_time.use()

    def _release(self, chunk: Chunk) -> None:
        with self._around.database.transaction() as session:
            leases.release(session, chunk.lease)
        with self._around.database.transaction() as session:
            waiting = claimable.waiting_for(session, [claimed.id for claimed in chunk.members])
        # What is put back, and what was asked for while the chunk was computed.
        for job_id, priority in waiting:
            bells.ring(self._around.doorbells, job_id, priority)

    def _take_leave(self) -> None:
        if self._spare_time is not None:
            self._spare_time.put_back()
        self._around.times.write(self._around.database.transaction)
        with self._around.database.transaction() as session:
            workers.forget(session, self._around.identity.id)
