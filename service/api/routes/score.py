"""POST /score: from spellings to scores."""

from fastapi import APIRouter, Response

from service.api import asking, pieces, problems
from service.api.answers import result
from service.api.deps import DatabaseDep, SettingsDep
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import ScoreAnswer, ScoreRequest
from service.api.scoring import ScoringDep, queued
from service.api.strict_json import JsonRoute

router = APIRouter(route_class=JsonRoute, tags=["scores"])


@router.post(
    "/score",
    operation_id="score",
    summary="Score one architecture or many",
    response_model=ScoreAnswer,
    responses={
        200: {"description": "Every score is known"},
        **queued(ScoreAnswer, "Queued as a job"),
        **problems.responses(*problems.OF_A_BODY, 503),
    },
)
async def score(
    request: ScoreRequest, settings: SettingsDep, database: DatabaseDep, scoring: ScoringDep
) -> Response:
    """Answers 200 with the scores where all are known or are computed within `Prefer: wait=N`,
    else 202 with a job. Every spelling of one network has one score; what many clients ask for at
    once is computed once.
    """
    bench = asking.bench_named(request.bench)
    async with database() as session:
        proxies = await asking.proxies_named(session, request.proxies, request.protocol)
    readings = await asking.readings(request, bench, settings)
    found = await scoring.outcome(request, readings, proxies)
    head = ScoreAnswer(
        job=found.job, bench=bench.name, protocol=Protocol.of(found.protocol), results=[]
    )
    results = (
        result(
            reading.asked,
            reading.architecture.hash,
            reading.architecture.spec,
            found.known[reading.architecture.hash],
            found.proxies,
            cancelled=found.cancelled,
        )
        for reading in readings
    )
    return pieces.answer(head, results, found.status, found.headers)
