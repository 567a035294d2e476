"""Jobs: how far they are, and their results."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api import problems
from service.api.deps import DatabaseDep, SettingsDep
from service.api.routes.score import result
from service.api.schemas.jobs import Counts, Job, ResultPage
from service.api.schemas.protocol import Protocol
from service.db import jobs, models, protocols, scores

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get(
    "/{job_id}",
    operation_id="job",
    summary="How far a job is",
    responses=problems.responses(404, 422, 503),
)
async def job(
    job_id: UUID, response: Response, database: DatabaseDep, settings: SettingsDep
) -> Job:
    async with database() as session:
        found = await _job(session, job_id)
        protocol = await protocols.by_id(session, found.protocol_id)
        counts = await jobs.counts(session, job_id)
    running = bool(counts["queued"] or counts["running"])
    if running:
        response.headers["Retry-After"] = str(settings.retry_after_seconds)
    return Job(
        job=job_id,
        bench=protocol.bench,
        protocol=Protocol.of(protocol),
        proxies=found.proxies,
        priority=found.priority,
        state="running" if running else "done",
        counts=Counts(**counts),
        created_at=found.created_at,
    )


@router.get(
    "/{job_id}/results",
    operation_id="job_results",
    summary="A job's results, in the order asked",
    responses=problems.responses(404, 422, 503),
)
async def job_results(
    job_id: UUID,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    limit: Annotated[int, Query(ge=1, description="Results of the page.")] = 100,
    cursor: Annotated[
        str | None, Query(pattern=r"^\d{1,9}$", description="`next` of the page before.")
    ] = None,
) -> ResultPage:
    start, limit = int(cursor or 0), min(limit, settings.page_limit)
    async with database() as session:
        found = await _job(session, job_id)
        protocol = await protocols.by_id(session, found.protocol_id)
        page = await jobs.page(session, job_id, start, limit + 1)
        known = await scores.known(
            session,
            protocol.bench,
            found.protocol_id,
            {digest for _, digest, _ in page},
            found.proxies,
        )
    following = str(start + limit) if len(page) > limit else None
    if following is not None:
        link = f"/jobs/{job_id}/results?limit={limit}&cursor={following}"
        response.headers["Link"] = f'<{link}>; rel="next"'
    return ResultPage(
        results=[
            result(asked, digest, spec, known[digest], found.proxies)
            for asked, digest, spec in page[:limit]
        ],
        next=following,
    )


async def _job(session: AsyncSession, job_id: UUID) -> models.Job:
    if (found := await jobs.find(session, job_id)) is None:
        raise problems.not_found("job", f"there is no job {job_id}")
    return found
