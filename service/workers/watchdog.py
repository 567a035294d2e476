"""The thread that says a worker lives: it extends the lease while the main thread computes."""

import threading
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.db import leases, workers
from service.db.workers import Identity

log = structlog.get_logger()


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
        self.background: UUID | None = None
        """That of the work which it goes on with whenever nothing else is to do."""

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
        for lease in (self.lease, self.background):
            if lease is not None:
                with Session(self._engine) as session, session.begin():
                    leases.extend(session, lease, self._lease_seconds)

    def _run(self) -> None:
        while not self._ended.wait(self._lease_seconds / 3):
            try:
                self.beat()
            except SQLAlchemyError as error:
                # The next beat tries again; a lease that runs out is only work done twice.
                log.warning("heartbeat lost", error=str(error))
