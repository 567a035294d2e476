"""POST /propose: what to train next."""

import asyncio
from collections.abc import Iterator

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api import asking, pieces, problems
from service.api.answers import NO_POPULATION
from service.api.candidates import Candidates, candidates
from service.api.choosing import Choice, choose
from service.api.deps import DatabaseDep, SettingsDep
from service.api.schemas.propose import Proposal, ProposeAnswer, ProposeRequest
from service.api.schemas.protocol import Protocol
from service.api.scoring import ScoringDep, queued
from service.api.strict_json import JsonRoute
from service.catalogue import Proxy
from service.db import protocols
from service.db.boards import Ranking
from service.ensembles import Ensemble

REASONS_SHOWN = 3
"""Different ones, where every score is undefined: the first tell enough."""

router = APIRouter(route_class=JsonRoute, tags=["scores"])


@router.post(
    "/propose",
    operation_id="propose",
    summary="The best of a pool, or of the children of some parents",
    response_model=ProposeAnswer,
    responses={
        200: {
            "description": "The best of all that there are to choose from",
            "links": {
                "architecture": {
                    "operationId": "architecture",
                    "parameters": {
                        "bench": "$response.body#/bench",
                        "digest": "$response.body#/items/0/hash",
                    },
                }
            },
        },
        **queued(ProposeAnswer, "Queued as a job; the best of what is scored so far"),
        **problems.responses(*problems.OF_A_BODY, 503),
    },
)
async def propose(
    request: ProposeRequest, settings: SettingsDep, database: DatabaseDep, scoring: ScoringDep
) -> Response:
    """Scores what is not known yet, as `POST /score` does, and answers the best by one proxy or
    ensemble: a search asks it what to train next. Ties are broken by hash, so that the answer is
    the same for everyone.
    """
    bench = asking.bench_named(request.bench)
    async with database() as session:
        ranked_by = await asking.proxy_named(session, request.proxy, bench.name, request.protocol)
        proxies = await asking.proxies_named(session, [ranked_by.name], request.protocol)
        ranking = await _ranking(session, ranked_by, request)
    among = await candidates(database, request, bench, settings)
    # Without a population nothing could be chosen, however much was scored.
    readings = [] if ranking.revision is None else list(among.readings.values())
    found = await scoring.outcome(request, readings, proxies)
    if found.job is not None:
        # While it was waited for, another population may have come.
        async with database() as session:
            ranking = await _ranking(session, ranked_by, request)
    choice = await asyncio.to_thread(
        choose,
        *(found.known, found.proxies, ranked_by.name, request.k),
        larger=ranking.direction == "larger",
    )
    head = ProposeAnswer(
        job=found.job,
        bench=bench.name,
        proxy=ranked_by.name,
        direction=ranking.direction,
        protocol=Protocol.of(found.protocol),
        population=None if isinstance(ranked_by, Proxy) else ranking.revision,
        considered=len(among.readings),
        excluded=len(among.excluded),
        undefined=choice.undefined,
        failed=choice.failed,
        reason=_reason(among, choice, ranking, cancelled=found.cancelled),
        items=[],
    )
    return pieces.answer(head, _items(among, choice), found.status, found.headers)


async def _ranking(
    session: AsyncSession, ranked_by: Proxy | Ensemble, request: ProposeRequest
) -> Ranking:
    described = await asking.protocol_named(
        session, request.bench, request.protocol, request.dataset, request.seed
    )
    stored = await protocols.find(session, described.digest)
    return asking.ranking(ranked_by, request.bench, stored)


def _items(among: Candidates, choice: Choice) -> Iterator[Proposal]:
    for rank, digest, score in choice.ranked():
        reading = among.readings[digest]
        yield Proposal(
            rank=rank,
            hash=digest,
            spec=reading.architecture.spec,
            asked=None if digest in among.parents else reading.asked,
            score=score,
            parents=among.parents.get(digest, []),
        )


def _reason(among: Candidates, choice: Choice, ranking: Ranking, *, cancelled: bool) -> str | None:
    """Why there is no best, or why a better one may have been missed for good."""
    if not among.readings:
        return "there is nothing to choose from, or all of it is excluded"
    if ranking.revision is None:
        return NO_POPULATION
    if cancelled and choice.waiting:
        return f"the job was cancelled: {choice.waiting} of those considered are not scored"
    if choice.best:
        return None
    if choice.waiting:
        return "nothing is scored yet"
    reasons = sorted(choice.why_undefined)
    if choice.failed:
        reasons.append(f"{choice.failed} could not be scored: `POST /score` says why")
    return "; ".join(reasons[:REASONS_SHOWN])
