"""Watching the whole service: one reader a process, however many watch, and none where nobody does.

What it reads is in the database; Redis only wakes it early. It keeps the last state alone, so that
who is slow, or was away, misses steps; and jobs that began and ended between two looks, where those
are more than the newest hundred. The list of jobs has them all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import floor
from math import log as ln
from time import monotonic
from uuid import UUID

import structlog
from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api.events import KEEP_ALIVE
from service.api.outlook import Now, Outlook
from service.api.progress import Progress
from service.api.schemas.work import Work
from service.db import job_lists
from service.db.job_lists import Listed
from service.settings import Settings

log = structlog.get_logger()

MOVED_AT_ONCE = 100
"""Jobs told of after one look, 70 kB; the others have their turn after the next."""

MOVED_KEPT = 400
"""Of the last ones, for those who have not heard of them yet."""

OVERLAP = timedelta(seconds=10)
"""Between two looks: a job may be seen that much later than the moment it names."""

STEP = ln(1.1)
"""A job whose time left changes by less is not told of again."""

RECONNECT = format_sse_event(retry=1_000, comment="one second until an EventSource comes back")

Mark = tuple[str, int, int, int, int | None]
"""What of a job makes it worth telling."""

Numbered = tuple[int, bytes]
"""An event, and which look it is of."""


class Watching:
    """The reader of one API process, and those who listen to it."""

    def __init__(
        self,
        database: async_sessionmaker[AsyncSession],
        progress: Progress,
        outlook: Outlook,
        settings: Settings,
    ) -> None:
        self._database = database
        self._progress = progress
        self._outlook = outlook
        self._settings = settings
        self._listeners: set[asyncio.Event] = set()
        self._reader: asyncio.Task[None] | None = None
        self._look = 0
        self._work: Numbered = (0, b"")
        self._said = ""
        self._moved: OrderedDict[UUID, Numbered] = OrderedDict()
        self._told: dict[UUID, Mark] = {}

    async def stream(self, first: Now) -> AsyncIterator[bytes]:
        """`first`, and then what changes; ends after some minutes, or where the database goes."""
        spoke = monotonic()
        ends = spoke + self._settings.stream_seconds
        with self._listening() as (woken, reader):
            heard = self._look
            yield RECONNECT + _event(first.work)
            while not reader.done() and (left := ends - monotonic()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), min(left, self._settings.poll_seconds))
                woken.clear()
                if news := self._since(heard):
                    heard, spoke = self._look, monotonic()
                    yield news
                elif monotonic() - spoke >= self._settings.keep_alive_seconds:
                    spoke = monotonic()
                    yield KEEP_ALIVE

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    def _since(self, heard: int) -> bytes:
        news = [event for look, event in (self._work, *self._moved.values()) if look > heard]
        return b"".join(news)

    @contextmanager
    def _listening(self) -> Iterator[tuple[asyncio.Event, asyncio.Task[None]]]:
        woken = asyncio.Event()
        self._listeners.add(woken)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        reader = self._reader
        try:
            yield woken, reader
        finally:
            self._listeners.discard(woken)
            if not self._listeners and self._reader is reader:
                reader.cancel()
                self._reader = None

    async def _read(self) -> None:
        """Looks for as long as somebody listens and the database answers."""
        self._told.clear()
        known = False
        try:
            with self._progress.following(None) as steps:
                while True:
                    now = await self._outlook.now()
                    await self._tell(now, known=known)
                    known = True
                    for woken in self._listeners:
                        woken.set()
                    await asyncio.sleep(self._settings.look_seconds)
                    await steps.next(self._settings.poll_seconds)
        except (SQLAlchemyError, OSError) as error:
            log.warning("nothing to watch", error=str(error)[:1_000])

    async def _tell(self, now: Now, *, known: bool) -> None:
        """Keeps what has changed. With `known` false it is the first look: who listens has just
        been given the state, and asks for the jobs itself."""
        async with self._database() as session:
            recent = await job_lists.since(session, now.work.at - OVERLAP, MOVED_AT_ONCE)
            gone = [each for each in self._told if each not in now.running]
            ended = await job_lists.named(session, gone[:MOVED_AT_ONCE]) if gone else []
            seen = {each.id: each for each in (*now.running.values(), *recent, *ended)}
            moved = [each for each in seen.values() if self._told.get(each.id) != _mark(each, now)]
            if not known:
                self._told = {each.id: _mark(each, now) for each in seen.values()}
                moved = []
            moved = sorted(moved, key=lambda each: each.created_at, reverse=True)[:MOVED_AT_ONCE]
        shown = await self._outlook.shown(moved)
        self._remember(now, moved, kept={each.id for each in recent})
        for job_id in {*gone[:MOVED_AT_ONCE]} - {each.id for each in ended}:
            self._told.pop(job_id, None)  # Purged.
        # All of a look at once: who listens has heard all of it or nothing.
        self._look += 1
        said = now.work.model_dump_json(exclude={"at"})
        if said != self._said:
            self._said, self._work = said, (self._look, _event(now.work))
        for each in shown:
            event = format_sse_event(event="job", data_str=each.model_dump_json())
            self._moved[each.job] = (self._look, event)
            self._moved.move_to_end(each.job)
        while len(self._moved) > MOVED_KEPT:
            self._moved.popitem(last=False)

    def _remember(self, now: Now, moved: Sequence[Listed], kept: Collection[UUID]) -> None:
        """What was told; of jobs that have ended only those which will be seen again."""
        for each in moved:
            self._told[each.id] = _mark(each, now)
        self._told = {
            job_id: mark
            for job_id, mark in self._told.items()
            if mark[0] == "running" or job_id in now.running or job_id in kept
        }


def _mark(job: Listed, now: Now) -> Mark:
    left = now.left.get(job.id) if job.state == "running" else None
    step = floor(ln(left) / STEP) if left else None
    return job.state, job.finishes, job.unfinished, now.epochs.get(job.id, 0), step


def _event(work: Work) -> bytes:
    return format_sse_event(event="work", data_str=work.model_dump_json())
