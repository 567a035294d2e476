"""POST /score: from spellings to scores, at once where they are known, by a job where not."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response

from service.api import asking, pieces, problems, queueing
from service.api.answers import result
from service.api.deps import DatabaseDep, DoorbellsDep, ProgressDep, SettingsDep
from service.api.openapi import header
from service.api.queueing import Key
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import ScoreAnswer, ScoreRequest
from service.api.strict_json import JsonRoute
from service.db import jobs, scores
from service.db.scores import Scored
from service.settings import Settings

router = APIRouter(route_class=JsonRoute, tags=["scores"])

# Nine digits of however many: what is longer than the limit is the limit.
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,9})\d*\s*(?:$|[,;])", re.ASCII | re.IGNORECASE)


@router.post(
    "/score",
    operation_id="score",
    summary="Score one architecture or many",
    response_model=ScoreAnswer,
    responses={
        200: {"description": "Every score is known"},
        202: {
            "model": ScoreAnswer,
            "description": "Queued as a job",
            "headers": {
                "Location": {"description": "The job", "schema": {"type": "string"}},
                **header("Retry-After"),
            },
            "links": {
                name: {"operationId": name, "parameters": {"job_id": "$response.body#/job"}}
                for name in ("job", "job_results", "retry", "cancel")
            },
        },
        **problems.responses(*problems.OF_A_BODY, 503),
    },
)
async def score(
    request: ScoreRequest,
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
) -> Response:
    """Answers 200 with the scores where all are known or are computed within `Prefer: wait=N`,
    else 202 with a job. Every spelling of one network has one score; what many clients ask for at
    once is computed once.
    """
    bench = asking.bench_named(request.bench)
    async with database() as session:
        proxies = await asking.proxies_named(session, request.proxies)
    readings = await asking.readings(request, bench, settings)
    hashes = {reading.architecture.hash for reading in readings}
    key = Key.of(idempotency_key, request)
    headers: dict[str, str] = {}
    job_id = None
    if (first := await queueing.replayed(database, key)) is not None:
        # What `all proxies` means may have grown since.
        job_id, proxies = first.id, first.proxies
    async with database() as session:
        # No BEGIN and no ROLLBACK: two of the five trips to the database for a known answer.
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        protocol = await asking.protocol_named(
            session, bench.name, request.protocol, request.dataset, request.seed
        )
        known = await scores.known(session, bench.name, protocol.digest, hashes, proxies)
    missing = _missing(known, hashes, proxies)
    if job_id is None and missing:
        priority = asking.priority(request.priority, len(readings), settings)
        job_id = await queueing.queue(
            database, protocol, readings, proxies, priority, key, missing, settings
        )
        await queueing.ring(doorbells, {job_id: priority})
    cancelled = False
    if job_id is not None:
        if (seconds := _wait_seconds(prefer, settings)) is not None:
            headers["Preference-Applied"] = f"wait={seconds}"
            ended = partial(_has_ended, database, job_id)
            await progress.wait(job_id, seconds, ended)
        async with database() as session:
            cancelled = await jobs.state(session, job_id) == "cancelled"
            known = await scores.known(session, bench.name, protocol.digest, hashes, proxies)
    status = 200
    if not cancelled and _missing(known, hashes, proxies):
        status = 202
        headers["Location"] = f"/jobs/{job_id}"
        headers["Retry-After"] = str(settings.retry_after_seconds)
    head = ScoreAnswer(job=job_id, bench=bench.name, protocol=Protocol.of(protocol), results=[])
    results = (
        result(
            reading.asked,
            reading.architecture.hash,
            reading.architecture.spec,
            known[reading.architecture.hash],
            proxies,
            cancelled=cancelled,
        )
        for reading in readings
    )
    return pieces.answer(head, results, status, headers)


def _missing(known: Mapping[str, Scored], hashes: Collection[str], proxies: Sequence[str]) -> int:
    """How many of the hashes lack an answer to one of the proxies."""
    return sum(digest not in known or bool(known[digest].awaited(proxies)) for digest in hashes)


async def _has_ended(database: DatabaseDep, job_id: UUID) -> bool:
    async with database() as session:
        return await jobs.state(session, job_id) != "running"


def _wait_seconds(prefer: str | None, settings: Settings) -> int | None:
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), settings.wait_seconds_limit) if found else None
