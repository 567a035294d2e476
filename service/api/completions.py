"""Waiting for jobs: woken by Redis, and by the clock where Redis says nothing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from service.queue import AsyncDoorbells, Unreachable

log = structlog.get_logger()


class Completions:
    """One subscription a process, for all its waiting requests."""

    def __init__(self, doorbells: AsyncDoorbells, poll_seconds: float) -> None:
        self._doorbells = doorbells
        self._poll_seconds = poll_seconds
        self._waiting: dict[UUID, asyncio.Event] = {}

    async def listen(self) -> None:
        """Runs for as long as the process does."""
        while True:
            try:
                async for job_id in self._doorbells.finished():
                    if (event := self._waiting.get(job_id)) is not None:
                        event.set()
            except Unreachable as error:
                log.warning("redis gone", error=str(error))
                await asyncio.sleep(self._poll_seconds)

    async def wait(
        self, job_id: UUID, seconds: float, is_finished: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Whether the job finished in time. Postgres has the word, Redis only wakes."""
        event = self._waiting[job_id] = asyncio.Event()
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while not await is_finished():
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return False
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), min(left, self._poll_seconds))
                event.clear()
            return True
        finally:
            del self._waiting[job_id]
