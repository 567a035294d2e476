"""Whether the service lives, whether it is ready, and its numbers."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from service.api import problems
from service.api.deps import DatabaseDep, DoorbellsDep, SettingsDep
from service.api.problems import Fault
from service.db import evaluations, workers

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


@router.get("/healthz", operation_id="healthz", summary="Whether the API lives")
async def healthz() -> Health:
    return Health(status="live")


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Whether scores can be had: database, Redis, a worker seen lately",
    responses=problems.responses(503),
)
async def readyz(database: DatabaseDep, doorbells: DoorbellsDep, settings: SettingsDep) -> Health:
    missing = []
    try:
        async with database() as session:
            if not await workers.alive(session, settings.worker_seen_seconds):
                lately = f"{settings.worker_seen_seconds:g} s"
                missing.append(Fault(field="workers", detail=f"none heard of within {lately}"))
    except (SQLAlchemyError, OSError):
        missing.append(Fault(field="database", detail="it does not answer"))
    try:
        await doorbells.answers()
    except (RedisError, OSError):
        missing.append(Fault(field="redis", detail="it does not answer"))
    if missing:
        names = ", ".join(fault.field for fault in missing)
        raise problems.ProblemError(
            503, "not-ready", "Not ready", f"missing: {names}", missing, {"Retry-After": "5"}
        )
    return Health(status="ready")


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems.responses(503),
    },
)
async def metrics(request: Request, database: DatabaseDep, settings: SettingsDep) -> Response:
    async with database() as session:
        counts = await evaluations.counts(session)
        alive = await workers.alive(session, settings.worker_seen_seconds)
    # The database's numbers are the same whichever process is asked, and read anew each time.
    now = CollectorRegistry()
    ledger = Gauge("nascore_evaluations", "Evaluations by state", ["state"], registry=now)
    for state, count in counts.items():
        ledger.labels(state).set(count)
    Gauge("nascore_workers", "Workers heard of lately", registry=now).set(alive)
    own: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(own) + generate_latest(now), media_type=CONTENT_TYPE_LATEST)
