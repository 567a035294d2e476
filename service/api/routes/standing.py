"""Where one architecture stands on a board, without reading the board."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.api import asking, problems
from service.api.deps import DatabaseDep, HistogramsDep
from service.api.schemas.architectures import HASH
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import NAME, SEEDS
from service.api.schemas.standing import Histogram, StandingAnswer
from service.catalogue import Proxy
from service.db import boards, protocols, standings

router = APIRouter(prefix="/architectures", tags=["architectures"])


@router.get(
    "/{bench}/{digest}/standing",
    operation_id="standing",
    summary="Its rank on a board, and how the board's scores are spread",
    responses=problems.responses(404, 422, 503),
)
async def standing(
    database: DatabaseDep,
    histograms: HistogramsDep,
    bench: Annotated[str, Path(pattern=NAME, examples=["nb201"])],
    digest: Annotated[str, Path(pattern=HASH, description="The architecture's hash.")],
    proxy: Annotated[
        str | None,
        Query(pattern=NAME, description="A proxy or an ensemble; the bench's default ensemble."),
    ] = None,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
) -> StandingAnswer:
    """The board is that of `GET /rank` without a filter."""
    asked = asking.bench_named(bench)
    async with database() as session:
        # One moment for all that is counted.
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        ranked_by = await asking.proxy_named(session, proxy, asked.name, protocol)
        found = await asking.architecture_known(session, asked.name, digest)
        stored = await protocols.find(session, described.digest)
        ranking = asking.ranking(ranked_by, asked.name, stored)
        total = (await boards.counts(session, ranking)).total
        scored = await standings.score(session, ranking, found.id)
        value = None if scored is None else scored.value
        among = None if value is None else await standings.among(session, ranking, value)
        # Scores are only ever added: a board of as many has the same.
        spread = histograms.get((ranking, total))
        if spread is None and total:
            spread = await standings.histogram(session, ranking, total)
            histograms.keep((ranking, total), spread)
    return StandingAnswer(
        bench=asked.name,
        hash=digest,
        proxy=ranked_by.name,
        protocol=Protocol.of(described),
        direction=ranking.direction,
        population=None if isinstance(ranked_by, Proxy) else ranking.revision,
        score=value,
        undefined=None if scored is None else scored.undefined,
        rank=None if among is None else among.better + 1,
        total=total,
        beaten=None if among is None else _beaten(among, total),
        histogram=None
        if spread is None
        else Histogram(low=spread.low, high=spread.high, counts=list(spread.counts)),
    )


def _beaten(among: standings.Among, total: int) -> float | None:
    """Of the others; a score that is there alone beats nobody and is beaten by nobody."""
    others, ties = total - 1, among.same - 1
    return 100 * (others - among.better - ties / 2) / others if others else None
