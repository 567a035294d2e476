"""The database as a worker has it: it may go away and come back."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.workers.ending import Ending

log = structlog.get_logger()

T = TypeVar("T")

Transaction = Callable[[], AbstractContextManager[Session]]


class Database:
    """Transactions, and writes that outlast a database's absence but not the worker's end."""

    def __init__(self, engine: Engine, pause_seconds: float, ending: Ending) -> None:
        self._engine = engine
        self._pause_seconds = pause_seconds
        self._ending = ending

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Raises OperationalError where the database is away."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def persist(self, write: Callable[[], T]) -> T | None:
        """Writes once the database answers; None where the worker is to end before that."""
        while True:
            try:
                return write()
            except OperationalError as error:
                if self._ending.begun:
                    log.warning("stopped without the database", error=str(error))
                    return None
                self.pause(error)

    def pause(self, error: OperationalError) -> None:
        """Before the next try."""
        log.warning("database gone or busy", error=str(error))
        time.sleep(self._pause_seconds)
