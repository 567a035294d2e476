"""The way from architectures to scores: at once where they are known, by a job where not."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import asking, queueing
from service.api.deps import DatabaseDep, DoorbellsDep, ProgressDep, SettingsDep
from service.api.openapi import header
from service.api.progress import Progress
from service.api.queueing import Key
from service.api.schemas.score import Terms
from service.benches import Reading
from service.db import jobs, scores
from service.db.scores import Scored
from service.protocol import Protocol
from service.queue import AsyncDoorbells
from service.settings import Settings

# Nine digits of however many: what is longer than the limit is the limit.
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,9})\d*\s*(?:$|[,;])", re.ASCII | re.IGNORECASE)

LOOKED_AT_ONCE = 1_000
"""A few milliseconds of looking what is missing; of more it is looked up in a thread."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a request's architectures when it is answered."""

    job: UUID | None
    """None where everything was known: nothing was written."""
    proxies: Sequence[str]
    """Those asked for. Of a request sent again, those that it asked for the first time."""
    protocol: Protocol
    known: Mapping[str, Scored]
    """By hash, each of the request's."""
    cancelled: bool
    """Whether nobody waits any more for what is not known."""
    status: int
    """200, or 202 while something is missing."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scoring:
    """Of one request: how long it waits, and the key under which it may come again."""

    settings: Settings
    database: async_sessionmaker[AsyncSession]
    doorbells: AsyncDoorbells
    progress: Progress
    wait_seconds: int | None
    idempotency_key: str | None

    async def outcome(
        self, asked: Terms, readings: Sequence[Reading], proxies: list[str]
    ) -> Outcome:
        """Queues what is missing, and waits for it where the request does; raises ProblemError."""
        hashes = {reading.architecture.hash for reading in readings}
        key = Key.of(self.idempotency_key, asked)
        headers: dict[str, str] = {}
        job_id = None
        if (first := await queueing.replayed(self.database, key)) is not None:
            # What `all proxies` means may have grown since.
            job_id, proxies = first.id, first.proxies
        async with self.database() as session:
            # No BEGIN and no ROLLBACK: two of the five trips to the database for a known answer.
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            protocol = await asking.protocol_named(
                session, asked.bench, asked.protocol, asked.dataset, asked.seed
            )
            known = await scores.known(session, asked.bench, protocol.digest, hashes, proxies)
        missing = await _missing(known, hashes, proxies)
        if job_id is None and missing:
            priority = asking.priority(asked.priority, len(readings), protocol, self.settings)
            job_id = await queueing.queue(
                self.database, protocol, readings, proxies, priority, key, missing, self.settings
            )
            await queueing.ring(self.doorbells, {job_id: priority})
        cancelled = False
        if job_id is not None:
            if (seconds := self.wait_seconds) is not None:
                headers["Preference-Applied"] = f"wait={seconds}"
                await self.progress.wait(job_id, seconds, partial(self._has_ended, job_id))
            async with self.database() as session:
                cancelled = await jobs.state(session, job_id) == "cancelled"
                known = await scores.known(session, asked.bench, protocol.digest, hashes, proxies)
            missing = await _missing(known, hashes, proxies)
        status = 200
        if missing and not cancelled:
            status = 202
            headers["Location"] = f"/jobs/{job_id}"
            headers["Retry-After"] = str(self.settings.retry_after_seconds)
        return Outcome(job_id, proxies, protocol, known, cancelled, status, headers)

    async def _has_ended(self, job_id: UUID) -> bool:
        async with self.database() as session:
            return await jobs.state(session, job_id) != "running"


async def _missing(
    known: Mapping[str, Scored], hashes: Collection[str], proxies: Sequence[str]
) -> int:
    """How many of the hashes lack an answer to one of the proxies."""

    def count() -> int:
        return sum(each not in known or bool(known[each].awaited(proxies)) for each in hashes)

    return count() if len(hashes) <= LOOKED_AT_ONCE else await asyncio.to_thread(count)


def _wait_seconds(prefer: str | None, settings: Settings) -> int | None:
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), settings.wait_seconds_limit) if found else None


async def _scoring(
    settings: SettingsDep,
    database: DatabaseDep,
    doorbells: DoorbellsDep,
    progress: ProgressDep,
    prefer: Annotated[
        str | None,
        Header(description="`wait=N`: wait up to N seconds (RFC 7240).", examples=["wait=30"]),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[!-~]{1,255}$",
            description="Of a request that may be sent again: it makes one job, whose answer every "
            "repetition gets, for as long as the job is kept.",
        ),
    ] = None,
) -> Scoring:
    seconds = _wait_seconds(prefer, settings)
    return Scoring(settings, database, doorbells, progress, seconds, idempotency_key)


ScoringDep = Annotated[Scoring, Depends(_scoring)]


def queued(model: type[BaseModel], description: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of an answer that has a job, given as its `job`."""
    return {
        202: {
            "model": model,
            "description": description,
            "headers": {
                "Location": {"description": "The job", "schema": {"type": "string"}},
                **header("Retry-After"),
            },
            "links": {
                name: {"operationId": name, "parameters": {"job_id": "$response.body#/job"}}
                for name in ("job", "job_results", "retry", "cancel")
            },
        }
    }
