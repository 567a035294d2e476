"""GET /correlation/points: what a correlation is computed from, to be looked at."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from service.api import asking, pieces, problems
from service.api.deps import DatabaseDep, PointsTurnDep, SettingsDep
from service.api.schemas.correlation import Truth
from service.api.schemas.points import Column, Points
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import NAME, SEEDS
from service.catalogue import REDUCED_TRAINING, Proxy
from service.db import accuracies, points, protocols
from service.db.models import Series
from service.db.points import Source

router = APIRouter(tags=["accuracies"])

SCORES = 2
"""An axis each."""

_Name = Annotated[str, StringConstraints(pattern=NAME)]


@router.get(
    "/correlation/points",
    operation_id="points",
    summary="Every architecture's score and accuracy, or two scores of it, column by column",
    response_model=Points,
    responses=problems.responses(422, 503),
)
async def get_points(
    database: DatabaseDep,
    settings: SettingsDep,
    _turn: PointsTurnDep,
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    score: Annotated[
        list[_Name],
        Query(
            min_length=1,
            max_length=SCORES,
            description="A proxy, an ensemble or a series; one or two of them.",
            examples=[["params"]],
        ),
    ],
    truth: Annotated[str | None, Query(pattern=NAME)] = None,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    accuracy: Annotated[
        Literal["known"] | None, Query(description="Only what has a trained accuracy.")
    ] = None,
) -> Response:
    """Architectures, not spellings; the accuracy of one is the mean over those trained."""
    asked = asking.bench_named(bench)
    async with database() as session:
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        trained = await asking.truth_named(session, asked.name, truth)
        stored = await protocols.find(session, described.digest)
        sources, columns = [], []
        for name in score:
            source, column = await _source(session, asked.name, name, protocol, stored)
            sources.append(source)
            columns.append(column)
        series = None if trained is None else trained.id
        known = accuracy is not None
        found = await points.columns(
            session, asked.name, sources, series, known, settings.points_limit
        )

    head = Points(
        bench=asked.name,
        protocol=Protocol.of(described),
        truth=None if trained is None else Truth.model_validate(trained, from_attributes=True),
        total=found.total,
        hashes=[],
        accuracies=[],
        scores=columns,
    )
    return pieces.columns(head, [found.hashes, found.truth, *found.values])


async def _source(
    session: AsyncSession, bench: str, name: str, protocol: str, stored: protocols.Stored | None
) -> tuple[Source, Column]:
    """A series of that name, or else a proxy or ensemble; and what is said of it."""
    series = await session.run_sync(accuracies.of_bench, bench)
    if (found := next((each for each in series if each.name == name), None)) is not None:
        return found.id, _of_series(found)
    ranked_by = await asking.proxy_named(session, name, bench, protocol, field="score")
    ranking = asking.ranking(ranked_by, bench, stored)
    kind: Literal["proxy", "ensemble", "reduced_training"] = "ensemble"
    if isinstance(ranked_by, Proxy):
        kind = "reduced_training" if ranked_by is REDUCED_TRAINING else "proxy"
    return ranking, Column(name=name, kind=kind, direction=ranking.direction, values=[])


def _of_series(series: Series) -> Column:
    # Of a series nobody says which way it points: the larger values count as better.
    kind: Literal["published", "reduced_training"] = (
        "published" if series.kind == "score" else "reduced_training"
    )
    return Column(name=series.name, kind=kind, direction="larger", values=[])
