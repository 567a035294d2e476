"""What the whole service does: its queue, its rate, its workers; now, and from now on."""

from fastapi import APIRouter, Response
from fastapi.sse import EventSourceResponse

from service.api import problems
from service.api.deps import OutlookDep, WatchingDep
from service.api.openapi import event
from service.api.schemas.work import ListedJob, Work

router = APIRouter(tags=["jobs"])

EVENTS = [event("work", Work), event("job", ListedJob)]


@router.get(
    "/work",
    operation_id="work",
    summary="What the service does now: queue, rate, workers",
    responses=problems.responses(503),
)
async def work(outlook: OutlookDep) -> Work:
    """As it was a second ago at most."""
    return (await outlook.now()).work


@router.get(
    "/events",
    operation_id="events",
    summary="What the service does from now on, as server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "Events `work` (the whole of `GET /work`, first at once and then when "
            "it changes) and `job` (a job that has moved, as `GET /jobs` lists it)",
            "content": {"text/event-stream": {"itemSchema": {"oneOf": EVENTS}}},
        },
        **problems.responses(503),
    },
)
async def events(outlook: OutlookDep, watching: WatchingDep) -> Response:
    """Every event is a state and replaces the one before, so that there is nothing to resume: who
    comes back is told the state, and asks for the jobs.
    """
    # Before the answer begins, so that a database that is away is a problem.
    first = await outlook.now()
    return EventSourceResponse(watching.stream(first), headers={"Cache-Control": "no-store"})
