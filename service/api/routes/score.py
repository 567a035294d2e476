"""POST /score: from spellings to scores, at once where they are known, by a job where not."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Header, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api import asking, problems
from service.api.deps import CompletionsDep, DatabaseDep, DoorbellsDep, SettingsDep
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import Failure, Result, ScoreAnswer, ScoreRequest, State
from service.api.strict_json import JsonRoute
from service.benches import Reading
from service.db import architectures, evaluations, jobs, models, protocols, scores
from service.db.scores import Scored
from service.logs import REQUEST_ID
from service.protocol import Protocol as Described
from service.queue import AsyncDoorbells, Unreachable
from service.settings import Settings

router = APIRouter(route_class=JsonRoute, tags=["scores"])
log = structlog.get_logger()

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,9})\s*(?:$|[,;])")


@router.post(
    "/score",
    operation_id="score",
    summary="Score one architecture or many",
    responses={
        200: {"description": "Every score is known"},
        202: {
            "model": ScoreAnswer,
            "description": "Queued as a job",
            "headers": {
                "Location": {"description": "The job", "schema": {"type": "string"}},
                "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}},
            },
        },
        **problems.responses(*problems.OF_A_BODY, 503),
    },
)
async def score(
    request: ScoreRequest,
    response: Response,
    settings: SettingsDep,
    database: DatabaseDep,
    doorbells: DoorbellsDep,
    completions: CompletionsDep,
    prefer: Annotated[
        str | None,
        Header(description="`wait=N`: wait up to N seconds (RFC 7240).", examples=["wait=30"]),
    ] = None,
) -> ScoreAnswer:
    """Answers 200 with the scores where all are known or are computed within `Prefer: wait=N`,
    else 202 with a job. Every spelling of one network has one score; what many clients ask for at
    once is computed once.
    """
    bench = asking.bench_named(request.bench)
    proxies = asking.proxies_named(request.proxies)
    readings = await asking.readings(request, bench, settings)
    hashes = {reading.architecture.hash for reading in readings}
    async with database() as session:
        # No BEGIN and no ROLLBACK: two of the five trips to the database for a known answer.
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        protocol = await asking.protocol_named(
            session, bench.name, request.protocol, request.dataset, request.seed
        )
        known = await scores.known(session, bench.name, protocol.digest, hashes, proxies)
    job_id = None
    if not all(digest in known and not known[digest].awaited(proxies) for digest in hashes):
        async with database.begin() as session:
            job = await _queue(session, protocol, readings, proxies, request, settings)
            job_id, priority = job.id, job.priority
        log.info("queued", job=str(job_id), architectures=len(readings))
        await _ring(doorbells, job_id, priority)
        if (seconds := _wait_seconds(prefer, settings)) is not None:
            response.headers["Preference-Applied"] = f"wait={seconds}"
            await completions.wait(job_id, seconds, lambda: _is_finished(database, job_id))
        async with database() as session:
            known = await scores.known(session, bench.name, protocol.digest, hashes, proxies)
    results = [
        result(
            reading.asked,
            reading.architecture.hash,
            reading.architecture.spec,
            known[reading.architecture.hash],
            proxies,
        )
        for reading in readings
    ]
    if any(each.state in ("queued", "running") for each in results):
        response.status_code = 202
        response.headers["Location"] = f"/jobs/{job_id}"
        response.headers["Retry-After"] = str(settings.retry_after_seconds)
    return ScoreAnswer(
        job=job_id, bench=bench.name, protocol=Protocol.of(protocol), results=results
    )


def result(
    asked: Mapping[str, Any],
    digest: str,
    spec: Mapping[str, Any],
    scored: Scored,
    proxies: Sequence[str],
) -> Result:
    """What an answer says of one architecture."""
    failed = scored.failed(proxies)
    state: State = "failed" if failed else "done"
    if scored.awaited(proxies):
        state = "running" if scored.state == "running" else "queued"
    return Result(
        hash=digest,
        asked=dict(asked),
        spec=dict(spec),
        state=state,
        scores={name: scored.values.get(name) for name in proxies},
        undefined={n: scored.undefined[n] for n in proxies if n in scored.undefined},
        error=Failure(**scored.error) if failed and scored.error else None,
    )


async def _queue(
    session: AsyncSession,
    protocol: Described,
    readings: Sequence[Reading],
    proxies: list[str],
    request: ScoreRequest,
    settings: Settings,
) -> models.Job:
    distinct = {reading.architecture.hash: reading.architecture for reading in readings}
    protocol_id = await protocols.store(session, protocol)
    ids = await architectures.store(session, protocol.bench, list(distinct.values()))
    queued = await evaluations.enqueue(session, protocol.bench, protocol_id, ids, proxies)
    default = "live" if len(readings) <= settings.live_limit else "bulk"
    job = models.Job(
        id=uuid4(),
        protocol_id=protocol_id,
        proxies=proxies,
        priority=request.priority or default,
        request_id=structlog.contextvars.get_contextvars()[REQUEST_ID],
    )
    items = []
    for reading in readings:
        evaluation_id, finished = queued[reading.architecture.hash]
        items.append((evaluation_id, reading.asked, finished))
    await jobs.create(session, job, items)
    return job


async def _ring(doorbells: AsyncDoorbells, job_id: UUID, priority: str) -> None:
    try:
        await doorbells.ring(job_id, priority)
    except Unreachable as error:
        # The job is in Postgres, where workers look when no bell rings.
        log.warning("redis gone", error=str(error))


async def _is_finished(database: DatabaseDep, job_id: UUID) -> bool:
    async with database() as session:
        return await jobs.is_finished(session, job_id)


def _wait_seconds(prefer: str | None, settings: Settings) -> int | None:
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), settings.wait_seconds_limit) if found else None
