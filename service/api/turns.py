"""Whose turn it is, of requests that take minutes: one at a time, so that others have the rest."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from service.api.problems import ProblemError

RETRY_AFTER_SECONDS = 30
"""A table takes a minute or so, and several are on their way."""


class Turns:
    """Of one API process; waiters come in the order in which they asked."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        """Held for a piece of a table at a time: several tables are read by turns in one thread."""
        self.writing = asyncio.Lock()
        """Held for a whole table: tables take one connection of the pool, however many they are."""
        self._tables = 0

    @contextmanager
    def table(self, limit: int) -> Iterator[None]:
        """Held while a table comes in and is written; raises ProblemError where `limit` are."""
        if self._tables >= limit:
            raise ProblemError(
                503,
                "tables-busy",
                "Too many tables at once",
                f"{limit} tables are being read; nothing of this one was",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        self._tables += 1
        try:
            yield
        finally:
            self._tables -= 1
