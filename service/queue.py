"""Doorbells and events in Redis. None of it is truth: all of it may be lost at any time.

A doorbell is the id of a job that has work, in a list of live or of bulk work. An event is the id
of a job in which something has finished, or that was cancelled.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from uuid import UUID

import redis
import redis.asyncio

LIVE = "nascore:live"
BULK = "nascore:bulk"
PROGRESS = "nascore:progress"

_LISTS = {"live": LIVE, "bulk": BULK}

Unreachable = redis.RedisError


def _job_id(text: object) -> UUID | None:
    """None where somebody else has written into our lists."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


class Doorbells:
    """What a worker hears and says."""

    def __init__(self, url: str, timeout_seconds: float, longest_wait_seconds: float) -> None:
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=timeout_seconds,
            # A blocking pop is quiet for as long as it waits.
            socket_timeout=timeout_seconds + longest_wait_seconds,
        )

    def wait(self, seconds: float, *, live_only: bool) -> UUID | None:
        """The next job to look at, live work first; None where the bell stays silent."""
        heard = self._redis.blpop([LIVE] if live_only else [LIVE, BULK], timeout=seconds)
        return None if heard is None else _job_id(heard[1])

    def heard(self, *, live_only: bool) -> UUID | None:
        """The next job to look at, as `wait` answers it, at once."""
        for name in [LIVE] if live_only else [LIVE, BULK]:
            if (text := self._redis.lpop(name)) is not None:
                return _job_id(text)
        return None

    def live_waits(self) -> bool:
        """Whether there is live work to hear of."""
        return bool(self._redis.llen(LIVE))

    def ring(self, job_id: UUID, priority: str) -> None:
        """Puts the job last. Each has one doorbell: with two it would have two turns to one."""
        with self._redis.pipeline() as both:
            both.lrem(_LISTS[priority], 0, str(job_id))
            both.rpush(_LISTS[priority], str(job_id))
            both.execute()

    def ring_missing(self, jobs: Collection[tuple[UUID, str]]) -> int:
        """Rings for those jobs whose doorbell is in neither list; returns how many."""
        waiting = {*self._redis.lrange(LIVE, 0, -1), *self._redis.lrange(BULK, 0, -1)}
        lost = [(job_id, priority) for job_id, priority in jobs if str(job_id) not in waiting]
        for job_id, priority in lost:
            self.ring(job_id, priority)
        return len(lost)

    def announce(self, job_ids: Iterable[UUID]) -> None:
        """Tells who follows these jobs that something in them has finished."""
        for job_id in job_ids:
            self._redis.publish(PROGRESS, str(job_id))

    def close(self) -> None:
        self._redis.close()


class AsyncDoorbells:
    """What the API says and hears."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
        )

    async def ring(self, job_id: UUID, priority: str) -> None:
        """Puts the job last, as `Doorbells.ring` does."""
        async with self._redis.pipeline() as both:
            both.lrem(_LISTS[priority], 0, str(job_id))
            both.rpush(_LISTS[priority], str(job_id))
            await both.execute()

    async def announce(self, job_id: UUID) -> None:
        """Tells who follows the job that it has moved."""
        await self._redis.publish(PROGRESS, str(job_id))

    async def answers(self) -> None:
        """Raises where Redis does not answer."""
        await self._redis.ping()

    async def progress(self) -> AsyncIterator[UUID]:
        """The jobs in which something finishes, as it does; raises when Redis goes."""
        async with self._redis.pubsub() as channel:
            await channel.subscribe(PROGRESS)
            while True:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is not None and (job_id := _job_id(message["data"])) is not None:
                    yield job_id

    async def close(self) -> None:
        await self._redis.aclose()
