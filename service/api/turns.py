"""Whose turn it is, of requests that take minutes or megabytes, so that others have the rest."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from service.api.problems import ProblemError

RETRY_AFTER_SECONDS = 30
"""A table takes a minute or so, and several are on their way."""

POINTS_AT_ONCE = 3
"""Answers of a hundred thousand points, six megabytes each until the last of them is sent."""


class Turns:
    """Of one API process; waiters come in the order in which they asked."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        """Held for a piece of a table at a time: several tables are read by turns in one thread."""
        self.writing = asyncio.Lock()
        """Held for a whole table: tables take one connection of the pool, however many they are."""
        self._tables = 0
        self._points = asyncio.Semaphore(POINTS_AT_ONCE)

    @asynccontextmanager
    async def points(self, seconds: float) -> AsyncIterator[None]:
        """Held while points are read and sent; raises ProblemError where its turn does not come."""
        try:
            async with asyncio.timeout(seconds):
                await self._points.acquire()
        except TimeoutError:
            raise ProblemError(
                503,
                "points-busy",
                "Too many points at once",
                f"{POINTS_AT_ONCE} answers are still being sent, for more than {seconds:g} s",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            ) from None
        try:
            yield
        finally:
            self._points.release()

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
