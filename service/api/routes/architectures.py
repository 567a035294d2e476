"""One architecture: its spellings, its size, its scores with their provenance."""

import json
from collections.abc import Sequence
from statistics import fmean
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from service.api import asking, drawings, pieces, problems
from service.api.deps import DatabaseDep, SettingsDep
from service.api.problems import Fault
from service.api.schemas.architectures import (
    HASH,
    Accuracy,
    ArchitectureAnswer,
    Known,
    KnownAnswer,
    LookupRequest,
    ScoreRecord,
    TrainedSpelling,
    TrainingAnswer,
)
from service.api.schemas.drawing import Drawing
from service.api.schemas.protocol import Protocol, TrainingRecipe
from service.api.schemas.score import NAME, SEEDS
from service.api.strict_json import JsonRoute
from service.benches import Spec
from service.catalogue import PROXIES
from service.db import accuracies, architectures, models, scores, trainings
from service.db.scores import Scored, Standing
from service.protocol import Protocol as Described

router = APIRouter(route_class=JsonRoute, prefix="/architectures", tags=["architectures"])

SPELLINGS_SHOWN = 100
"""Most classes have fewer; the largest of NB201 has 460."""


@router.get(
    "/{bench}/{digest}",
    operation_id="architecture",
    summary="All that is known of an architecture",
    responses=problems.responses(404, 422, 503),
)
async def architecture(
    database: DatabaseDep,
    bench: Annotated[str, Path(pattern=NAME, examples=["nb201"])],
    digest: Annotated[str, Path(pattern=HASH, description="The architecture's hash.")],
) -> ArchitectureAnswer:
    asked = asking.bench_named(bench)
    async with database() as session:
        found = await asking.architecture_known(session, asked.name, digest)
        records = await scores.provenance(session, found.id)
        trained = await session.run_sync(accuracies.of_architecture, found.id)
        runs = await session.run_sync(trainings.of_architecture, found.id)
    spellings = asked.spellings(found.spec)
    drawn = await drawings.of(asked, {digest: found.spec})
    return ArchitectureAnswer(
        bench=asked.name,
        hash=digest,
        spec=found.spec,
        spellings=list(spellings[:SPELLINGS_SHOWN]),
        spellings_total=len(spellings),
        parameters=found.parameters,
        flops=found.flops,
        drawing=drawn[digest],
        protocols=[
            Protocol.of(Described.read(document))
            for document in {each.digest: each.document for each in records}.values()
        ],
        scores=[_record(asked.name, standing) for standing in records],
        accuracy=[_accuracy(series, spellings) for series, spellings in trained],
        trainings=[_training(each) for each in runs],
    )


def _accuracy(series: models.Series, spellings: Sequence[accuracies.Trained]) -> Accuracy:
    values = [spelling.value for spelling in spellings]
    return Accuracy(
        series=series.name,
        dataset=series.dataset,
        split=series.split,
        epochs=series.epochs,
        metric=series.metric,
        mean=fmean(values),
        count=len(values),
        spread=max(values) - min(values),
        spellings=[
            TrainedSpelling(
                spelling=json.loads(each.spelling), accuracy=each.value, values=each.seeds
            )
            for each in spellings[:SPELLINGS_SHOWN]
        ],
    )


def _training(trained: trainings.Trained) -> TrainingAnswer:
    row, described = trained.training, Described.read(trained.document)
    return TrainingAnswer(
        dataset=described.dataset,
        seed=described.seed,
        skeleton=described.skeleton,
        batch_size=described.batch_size,
        recipe=TrainingRecipe.model_validate(described.training),
        accuracies=row.accuracies,
        losses=row.losses,
        seconds=row.seconds,
        diverged=row.diverged,
        device=row.device,
        torch=row.torch,
        updated_at=row.updated_at,
    )


def _record(bench: str, standing: Standing) -> ScoreRecord:
    record = standing.score
    return ScoreRecord(
        protocol=standing.digest,
        proxy=record.proxy,
        revision=record.revision,
        value=record.value,
        undefined=record.undefined,
        percentile=_percentile(bench, standing),
        population=standing.population,
        device=record.device,
        torch=record.torch,
        seconds=record.seconds,
        created_at=record.created_at,
    )


def _percentile(bench: str, standing: Standing) -> float | None:
    """The share of the population that the score beats, a tie being half of that."""
    below, equal, above = standing.below, standing.equal, standing.above
    if standing.score.value is None or not standing.members:
        return None
    if below is None or equal is None or above is None:
        return None
    proxy = PROXIES.get(standing.score.proxy)
    smaller = proxy is not None and proxy.better[bench] == "smaller"
    undefined = standing.members - below - equal - above
    beaten = (above if smaller else below) + undefined
    return 100 * (beaten + equal / 2) / standing.members


@router.get(
    "/{bench}/{digest}/neighbours",
    operation_id="neighbours",
    summary="The architectures one edit away, scored where known",
    responses=problems.responses(404, 422, 503),
)
async def neighbours(
    database: DatabaseDep,
    bench: Annotated[str, Path(pattern=NAME, examples=["nb201"])],
    digest: Annotated[str, Path(pattern=HASH, description="The architecture's hash.")],
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    drawing: Annotated[bool, Query(description="With the drawing of each.")] = False,
) -> KnownAnswer:
    """Each `spec` can be sent to `POST /score` as it is."""
    asked = asking.bench_named(bench)
    async with database() as session:
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        found = await asking.architecture_known(session, asked.name, digest)
        around = asked.neighbours(found.spec)
        hashes = [neighbour.hash for neighbour in around]
        proxies = await asking.proxies_named(session, None, protocol)
        known = await scores.known(session, asked.name, described.digest, hashes, proxies)
    drawn = await drawings.of(asked, {n.hash: n.spec for n in around} if drawing else {})
    return KnownAnswer(
        bench=asked.name,
        protocol=Protocol.of(described),
        architectures=[
            _known(n.hash, n.spec, known.get(n.hash), drawn.get(n.hash)) for n in around
        ],
    )


@router.post(
    "/lookup",
    operation_id="lookup",
    summary="What is known of many hashes",
    response_model=KnownAnswer,
    responses=problems.responses(*problems.OF_A_BODY, 503),
)
async def lookup(request: LookupRequest, database: DatabaseDep, settings: SettingsDep) -> Response:
    """Answers in the order asked, and queues nothing."""
    asked = asking.bench_named(request.bench)
    if len(request.hashes) > settings.architectures_limit:
        fault = Fault(
            field="hashes",
            detail=f"{len(request.hashes)} hashes",
            valid=f"1 to {settings.architectures_limit}",
        )
        raise problems.invalid([fault])
    drawings.check(request.drawing, "hashes", len(request.hashes), settings)
    async with database() as session:
        described = await asking.protocol_named(
            session, asked.name, request.protocol, request.dataset, request.seed
        )
        proxies = await asking.proxies_named(session, request.proxies, request.protocol)
        hashes = set(request.hashes)
        specs = await architectures.specs(session, asked.name, hashes)
        known = await scores.known(session, asked.name, described.digest, hashes, proxies)
    head = KnownAnswer(bench=asked.name, protocol=Protocol.of(described), architectures=[])
    drawn = await drawings.of(asked, specs if request.drawing else {})
    found = (_known(h, specs.get(h), known.get(h), drawn.get(h)) for h in request.hashes)
    return pieces.answer(head, found)


def _known(digest: str, spec: Spec | None, scored: Scored | None, drawing: Drawing | None) -> Known:
    scored = scored or Scored()
    return Known(
        hash=digest,
        spec=spec,
        scores=scored.values,
        undefined=scored.undefined,
        drawing=drawing,
    )
