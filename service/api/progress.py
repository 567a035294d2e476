"""Following jobs: woken by Redis, and by the clock where Redis says nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import structlog

from service.queue import AsyncDoorbells, Unreachable

log = structlog.get_logger()


class Steps:
    """Tells one follower of a job that something in it may have finished."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def next(self, seconds: float) -> None:
        """Returns at the next step, at one that came since the last call, or after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()


class Progress:
    """One subscription a process, for all its waiting requests and event streams."""

    def __init__(self, doorbells: AsyncDoorbells, poll_seconds: float) -> None:
        self._doorbells = doorbells
        self._poll_seconds = poll_seconds
        self._followers: defaultdict[UUID | None, set[Steps]] = defaultdict(set)

    async def listen(self) -> None:
        """Runs for as long as the process does."""
        while True:
            try:
                async for job_id in self._doorbells.progress():
                    for whose in (job_id, None):
                        for steps in self._followers.get(whose, ()):
                            steps.wake()
            except Unreachable as error:
                log.warning("redis gone", error=str(error))
                await asyncio.sleep(self._poll_seconds)

    @contextmanager
    def following(self, job_id: UUID | None) -> Iterator[Steps]:
        """A job, or with None all of them."""
        steps = Steps()
        self._followers[job_id].add(steps)
        try:
            yield steps
        finally:
            self._followers[job_id].discard(steps)
            if not self._followers[job_id]:
                del self._followers[job_id]

    async def wait(
        self, job_id: UUID, seconds: float, has_ended: Callable[[], Awaitable[bool]]
    ) -> None:
        """Until the job has ended, at most `seconds`. Postgres has the word, Redis only wakes."""
        deadline = asyncio.get_running_loop().time() + seconds
        with self.following(job_id) as steps:
            while not await has_ended():
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return
                await steps.next(min(left, self._poll_seconds))
