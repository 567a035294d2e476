"""Jobs: how far they are, their results and events, and their end."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse
from sqlalchemy.ext.asyncio import AsyncSession

from service.api import answers, events, job_pages, problems, queueing
from service.api.deps import DatabaseDep, DoorbellsDep, OutlookDep, ProgressDep, SettingsDep
from service.api.openapi import event, header
from service.api.problems import ProblemError
from service.api.schemas.jobs import Epoch, Finished, Job, ResultPage, Step
from service.api.schemas.work import JobPage
from service.db import job_lists, jobs, models, protocols, scores

router = APIRouter(prefix="/jobs", tags=["jobs"])

EVENTS = [
    event("result", Finished),
    event("progress", Step),
    event("epoch", Epoch),
    event("end", Job),
]


@router.get(
    "",
    operation_id="jobs",
    summary="The jobs there are, the newest first",
    responses={200: {"headers": header("Link")}, **problems.responses(422, 503)},
)
async def job_list(
    request: Request,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    outlook: OutlookDep,
    state: Annotated[Literal["running", "done", "cancelled"] | None, Query()] = None,
    priority: Annotated[Literal["live", "bulk", "background"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, description="Jobs of the page.")] = 50,
    cursor: Annotated[
        str | None, Query(pattern=job_pages.CURSOR, description="`next` of the page before.")
    ] = None,
) -> JobPage:
    """Jobs as whole ones: what their requests said besides the proxies is not told."""
    limit = min(limit, settings.page_limit)
    before = None if cursor is None else job_pages.place(cursor)
    async with database() as session:
        found = await job_lists.page(
            session, limit + 1, before=before, state=state, priority=priority
        )
    following = job_pages.cursor(found[limit - 1]) if len(found) > limit else None
    if following is not None:
        link = request.url.include_query_params(limit=limit, cursor=following)
        response.headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return JobPage(jobs=await outlook.shown(found[:limit]), next=following)


@router.get(
    "/{job_id}",
    operation_id="job",
    summary="How far a job is",
    responses={200: {"headers": header("Retry-After")}, **problems.responses(404, 422, 503)},
)
async def job(
    job_id: UUID,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    outlook: OutlookDep,
) -> Job:
    async with database() as session:
        found = await _job(session, job_id)
    # Outside, for it may want a connection too.
    left = await outlook.seconds_left(found)
    async with database() as session:
        shown = await answers.job(session, await _job(session, job_id), left)
    if shown.state == "running":
        response.headers["Retry-After"] = str(settings.retry_after_seconds)
    return shown


@router.delete(
    "/{job_id}",
    operation_id="cancel",
    summary="Cancel what a job still waits for",
    responses=problems.responses(404, 422, 503),
)
async def cancel(job_id: UUID, database: DatabaseDep, doorbells: DoorbellsDep) -> Job:
    """Ends this job's interest only: what other jobs wait for goes on, what is scored stays, and
    what a worker has in hand is finished and kept. A job that has ended stays as it is.
    """
    async with database.begin() as session:
        await _job(session, job_id)
        cancelled = await jobs.cancel(session, job_id)
    if cancelled:
        await queueing.announce(doorbells, job_id)
    async with database() as session:
        return await answers.job(session, await _job(session, job_id))


@router.post(
    "/{job_id}/retry",
    operation_id="retry",
    summary="Try what failed in a job again",
    responses=problems.responses(404, 409, 422, 503),
)
async def retry(job_id: UUID, database: DatabaseDep, doorbells: DoorbellsDep) -> Job:
    """Queues the job's failed evaluations again, for its own proxies. Other jobs that hold the same
    failure wait for the new outcome too. Where nothing failed, nothing happens.
    """
    async with database.begin() as session:
        waiting = await jobs.retry(session, await _job(session, job_id))
    if waiting is None:
        raise ProblemError(
            409,
            "job-cancelled",
            "The job is cancelled",
            f"job {job_id} waits for nothing any more; ask again with POST /score",
        )
    await queueing.ring(doorbells, waiting)
    async with database() as session:
        return await answers.job(session, await _job(session, job_id))


@router.get(
    "/{job_id}/events",
    operation_id="job_events",
    summary="A job's results as they finish, as server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "Events `result` (a finished architecture; its id numbers it), "
            "`progress` (how many have finished), `epoch` (a training is one further) and, last, "
            "`end` (the job)",
            "content": {"text/event-stream": {"itemSchema": {"oneOf": EVENTS}}},
        },
        204: {"description": "Everything was sent, `end` too: an EventSource stops here"},
        **problems.responses(404, 422, 503),
    },
)
async def job_events(
    job_id: UUID,
    database: DatabaseDep,
    progress: ProgressDep,
    settings: SettingsDep,
    last_event_id: Annotated[
        str | None,
        Header(
            pattern=events.ID,
            description="Of the last event received: the stream goes on behind it.",
        ),
    ] = None,
) -> Response:
    """Resumes without loss or repetition, whichever process answers and whether or not Redis is
    there: the events are read from the database. Epochs alone may be repeated.
    """
    async with database() as session:
        found = await _job(session, job_id)
    if events.is_end(last_event_id, found):
        return Response(status_code=204)
    stream = events.stream(database, progress, settings, found, events.number(last_event_id))
    return EventSourceResponse(stream, headers={"Cache-Control": "no-store"})


@router.get(
    "/{job_id}/results",
    operation_id="job_results",
    summary="A job's results, in the order asked",
    responses={200: {"headers": header("Link")}, **problems.responses(404, 422, 503)},
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
        hashes = {item.hash for item in page}
        known = await scores.known(
            session, protocol.bench, found.protocol_id, hashes, found.proxies
        )
    following = str(start + limit) if len(page) > limit else None
    if following is not None:
        link = f"/jobs/{job_id}/results?limit={limit}&cursor={following}"
        response.headers["Link"] = f'<{link}>; rel="next"'
    return ResultPage(
        results=[
            answers.result(
                item.asked,
                item.hash,
                item.spec,
                known[item.hash],
                found.proxies,
                cancelled=found.state == "cancelled",
            )
            for item in page[:limit]
        ],
        next=following,
    )


async def _job(session: AsyncSession, job_id: UUID) -> models.Job:
    if (found := await jobs.find(session, job_id)) is None:
        raise problems.not_found("job", f"there is no job {job_id}")
    return found
