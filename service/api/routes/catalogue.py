"""What there is to ask for."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.api import asking, costs, problems
from service.api.costs import Kept
from service.api.deps import DatabaseDep, SettingsDep
from service.api.problems import Fault
from service.api.schemas.catalogue import (
    BenchAnswer,
    DatasetAnswer,
    EnsembleAnswer,
    MinibatchAnswer,
    ProtocolAnswer,
    ProxyAnswer,
    SampleAnswer,
    Sampled,
    SlotAnswer,
    SplitAnswer,
)
from service.api.schemas.cost import ProxyCost
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import NAME, SEEDS
from service.benches import BENCHES
from service.catalogue import CATALOGUE, REDUCED_TRAINING, Proxy
from service.db import datasets, ensembles, pass_seconds, protocols
from service.ensembles import DEFAULT_ENSEMBLE, Ensemble
from service.minibatch import PATCHES
from service.protocol import RECIPES
from service.training.protocols import FORM
from service.training.recipe import NAMED

router = APIRouter(tags=["catalogue"])


@router.get("/benches", operation_id="benches", summary="The search spaces")
async def benches() -> list[BenchAnswer]:
    return [
        BenchAnswer(
            name=bench.name,
            title=bench.title,
            source=bench.source,
            classes=bench.classes,
            operations=list(bench.operations),
            spelling_fields=list(bench.spelling_fields),
            text_field=bench.text_field,
            slots=[
                SlotAnswer(name=slot.name, choices=list(slot.choices), optional=slot.optional)
                for slot in bench.slots
            ],
            example=bench.example,
            skeletons={name: dict(skeleton) for name, skeleton in bench.skeletons.items()},
        )
        for bench in BENCHES.values()
    ]


@router.get(
    "/benches/{bench}/sample",
    operation_id="sample",
    summary="Random architectures, the same for everyone with the same seed",
    responses=problems.responses(422),
)
def sample(
    settings: SettingsDep,
    bench: Annotated[str, Path(pattern=NAME, examples=["nb201"])],
    n: Annotated[int, Query(ge=1)] = 10,
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
) -> SampleAnswer:
    """Uniform over valid spellings, with replacement; of NB101, over 7 by 7 matrices that are valid
    cells.
    """
    # A synchronous route, so in a thread: ten thousand cells take a second.
    found = asking.bench_named(bench)
    if n > settings.architectures_limit:
        limit = f"1 to {settings.architectures_limit}"
        raise problems.invalid([Fault(field="n", detail=f"{n} architectures", valid=limit)])
    return SampleAnswer(
        bench=found.name,
        n=n,
        seed=seed,
        uniform_over="spellings",
        architectures=[
            Sampled(
                hash=reading.architecture.hash,
                asked=reading.asked,
                spec=reading.architecture.spec,
            )
            for reading in found.sample(n, seed)
        ],
    )


@router.get(
    "/proxies",
    operation_id="proxies",
    summary="The proxies and which way they point",
    responses=problems.responses(503),
)
async def proxies(database: DatabaseDep) -> list[ProxyAnswer]:
    """And the ensembles, which rank by several of them."""
    async with database() as session:
        known = await session.run_sync(ensembles.every)
        kept = await session.run_sync(pass_seconds.every)
    # In a thread: the first time, medians are taken over samples of the benches.
    return await asyncio.to_thread(_proxies, known, kept)


def _proxies(known: Mapping[str, Ensemble], kept: Kept) -> list[ProxyAnswer]:
    return [*_catalogue(kept), *(_ensemble(each, kept) for each in known.values())]


def _catalogue(kept: Kept) -> list[ProxyAnswer]:
    zero_cost = [
        _proxy(proxy, costs.of_proxies([proxy.name], kept)) for proxy in CATALOGUE.values()
    ]
    return [*zero_cost, _proxy(REDUCED_TRAINING, costs.of_reduced_training(kept))]


def _proxy(proxy: Proxy, cost: ProxyCost) -> ProxyAnswer:
    return ProxyAnswer(
        name=proxy.name,
        summary=proxy.summary,
        source=proxy.source,
        revision=proxy.revision,
        better=dict(proxy.better),
        evidence=dict(proxy.evidence),
        structural=proxy.structural,
        cost=cost,
        ensemble=None,
    )


def _ensemble(found: Ensemble, kept: Kept) -> ProxyAnswer:
    return ProxyAnswer(
        name=found.name,
        summary=found.summary,
        source=found.source,
        revision=0,
        better=dict.fromkeys(BENCHES, "larger"),
        evidence=dict(found.evidence),
        structural=False,
        cost=costs.of_proxies(found.members, kept),
        ensemble=EnsembleAnswer(
            rule=found.rule,
            members=dict(found.members),
            labels=found.labels,
            default_of=[bench for bench, name in DEFAULT_ENSEMBLE.items() if name == found.name],
        ),
    )


@router.get(
    "/protocols",
    operation_id="protocols",
    summary="The named protocols",
    responses=problems.responses(503),
)
async def named_protocols(database: DatabaseDep) -> list[ProtocolAnswer]:
    async with database() as session:
        zero_cost = [
            ProtocolAnswer(
                name=recipe.name,
                summary=recipe.summary,
                batch_size=recipe.batch_size,
                proxies="zero_cost",
                skeletons={bench: dict(of.skeletons[recipe.name]) for bench, of in BENCHES.items()},
                epochs=None,
                benches={
                    bench: Protocol.of(
                        await protocols.describe(session, bench, recipe.name, PATCHES, 0)
                    )
                    for bench in BENCHES
                },
            )
            for recipe in RECIPES.values()
        ]
    return zero_cost + [
        ProtocolAnswer(
            name=name,
            summary=f"{recipe.epochs} epochs of reduced training; others are named as {FORM}",
            batch_size=recipe.batch_size,
            proxies="reduced_training",
            skeletons={bench: dict(recipe.skeleton(bench)) for bench in BENCHES},
            epochs=recipe.epochs,
            benches={},
        )
        for name, recipe in NAMED.items()
    ]


@router.get(
    "/datasets",
    operation_id="datasets",
    summary="Where minibatches come from, and what can be trained on",
    responses=problems.responses(503),
)
async def known_datasets(database: DatabaseDep) -> list[DatasetAnswer]:
    async with database() as session:
        found = await session.run_sync(datasets.every)
    return [_dataset(each) for each in found]


def _dataset(known: datasets.Known) -> DatasetAnswer:
    row = known.dataset
    return DatasetAnswer(
        name=row.name,
        description=row.description,
        source=row.source,
        licence=row.licence,
        classes=row.classes,
        mean=row.mean,
        std=row.std,
        format=row.format,
        source_sha256=row.source_sha256,
        images=row.images,
        seed=row.seed,
        added_at=row.added_at,
        minibatches=[
            MinibatchAnswer(sha256=m.sha256, batch_size=m.batch_size, resolution=m.resolution)
            for m in known.minibatches
        ],
        train=_split(known, "train"),
        test=_split(known, "test"),
    )


def _split(known: datasets.Known, name: str) -> SplitAnswer | None:
    found = known.splits.get(name)
    return None if found is None else SplitAnswer(images=found.images, sha256=found.sha256)
