"""A job's events: its results in the order in which they finish, read from the database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import monotonic

from fastapi.sse import format_sse_event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import answers
from service.api.epoch_events import EpochEvents
from service.api.progress import Progress
from service.api.schemas.jobs import Finished, Step
from service.db import jobs, models, protocols, scores
from service.settings import Settings

ID = r"^\d{1,9}(-end)?$"
"""An event's id: how many items of the job had finished, with `-end` behind the last event."""

AT_ONCE = 200
"""Results read and sent together: 200 kB."""

PAUSE_SECONDS = 0.1
"""Between two looks into the database: what finishes meanwhile is sent together."""

KEEP_ALIVE = format_sse_event(comment="still running")


def number(event_id: str | None) -> int:
    """How many finishes whoever names an event's id has seen."""
    return int(event_id.removesuffix("-end")) if event_id else 0


def is_end(event_id: str | None, job: models.Job) -> bool:
    """Whether the id is that of the job's last event, and the job has not gone on since."""
    return job.state != "running" and event_id == _end_id(job)


def _end_id(job: models.Job) -> str:
    return f"{job.finishes}-end"


async def stream(
    database: async_sessionmaker[AsyncSession],
    progress: Progress,
    settings: Settings,
    job: models.Job,
    after: int,
) -> AsyncIterator[bytes]:
    """The events behind the job's finish `after`, up to its end."""
    spoke = monotonic()
    async with database() as session:
        training = (await protocols.by_id(session, job.protocol_id)).training
    epochs = None if training is None else EpochEvents(job.id, training.epochs)
    with progress.following(job.id) as steps:
        while True:
            # The job before its items: whatever its end counts is then among them.
            async with database() as session:
                found = await jobs.find(session, job.id)
                if found is None:
                    return
                batch = await jobs.finished_after(session, job.id, after, AT_ONCE)
                sent = await _results(session, found, batch) if batch else []
                # Looked for after the results, sent before them: these end in their last epoch.
                further = [] if epochs is None else await epochs.further(session)
            for event in (*further, *sent):
                yield event
                spoke = monotonic()
            if batch:
                after = batch[-1].finished or after
                step = Step(finished=found.size - found.unfinished, size=found.size)
                yield format_sse_event(event="progress", data_str=step.model_dump_json())
                await asyncio.sleep(PAUSE_SECONDS)
            elif found.state != "running":
                yield await _end(database, found)
                return
            else:
                if monotonic() - spoke >= settings.keep_alive_seconds:
                    yield KEEP_ALIVE
                    spoke = monotonic()
                await steps.next(settings.poll_seconds)


async def _results(
    session: AsyncSession, job: models.Job, batch: Sequence[jobs.Item]
) -> list[bytes]:
    protocol = await protocols.by_id(session, job.protocol_id)
    hashes = {item.hash for item in batch}
    known = await scores.known(session, protocol.bench, job.protocol_id, hashes, job.proxies)
    sent = []
    for item in batch:
        shown = answers.result(
            item.asked,
            item.hash,
            item.spec,
            known[item.hash],
            job.proxies,
            cancelled=job.state == "cancelled",
        )
        data = Finished(position=item.position, **dict(shown)).model_dump_json()
        sent.append(format_sse_event(event="result", id=str(item.finished), data_str=data))
    return sent


async def _end(database: async_sessionmaker[AsyncSession], job: models.Job) -> bytes:
    async with database() as session:
        shown = await answers.job(session, job)
    return format_sse_event(event="end", id=_end_id(job), data_str=shown.model_dump_json())
