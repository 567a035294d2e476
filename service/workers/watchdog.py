"""The thread that says a worker lives: it extends the lease while the main thread computes."""

import threading
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.db import leases, workers
from service.db.workers import Identity

log = structlog.get_logger()


class Hold(NamedTuple):
    """A worker's hold on a lease that others may take over when it runs out."""

    lease: UUID
    until: datetime


class Watchdog:
    """Three heartbeats a lease: two may be lost before the work is taken away."""

    def __init__(self, engine: Engine, identity: Identity, lease_seconds: float) -> None:
        self._engine = engine
        self._identity = identity
        self._lease_seconds = lease_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self.lease: UUID | None = None
        """The lease to extend, set by the worker as it claims."""
        self.training: UUID | None = None
        """Another one, of what goes on between the chunks."""
        self._background: Hold | None = None
        self._changing = threading.Lock()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def beat(self) -> None:
        """Says that the worker lives; raises SQLAlchemyError where the database is away."""
        with Session(self._engine) as session, session.begin():
            workers.seen(session, self._identity)
        for lease in (self.lease, self.training):
            if lease is not None:
                with Session(self._engine) as session, session.begin():
                    leases.extend(session, lease, self._lease_seconds)
        with self._changing:
            if self._background is not None:
                with Session(self._engine) as session, session.begin():
                    until = leases.keep(session, *self._background, self._lease_seconds)
                lease = self._background.lease
                self._background = None if until is None else Hold(lease, until)

    def hold(self, background: Hold) -> None:
        """Extends this one too, of work which goes on whenever nothing else is to do."""
        with self._changing:
            self._background = background

    def let_go(self) -> Hold | None:
        """The hold on that work as it is now, no longer extended; None where there is none."""
        with self._changing:
            held, self._background = self._background, None
        return held

    def _run(self) -> None:
        while not self._ended.wait(self._lease_seconds / 3):
            try:
                self.beat()
            except SQLAlchemyError as error:
                # The next beat tries again; a lease that runs out is only work done twice.
                log.warning("heartbeat lost", error=str(error))
