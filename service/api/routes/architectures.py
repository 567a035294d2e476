"""One architecture: its spellings, its size, its scores with their provenance."""

from typing import Annotated

from fastapi import APIRouter, Path

from service.api import asking, problems
from service.api.deps import DatabaseDep
from service.api.schemas.architectures import ArchitectureAnswer, ScoreRecord
from service.api.schemas.score import NAME
from service.db import architectures, scores

router = APIRouter(prefix="/architectures", tags=["architectures"])

SPELLINGS_SHOWN = 100
"""Most classes have fewer; the largest of NB201 has 460."""

CLASSES = 10
"""Of the network whose size is told: CIFAR-10's, as the literature counts."""


@router.get(
    "/{bench}/{digest}",
    operation_id="architecture",
    summary="All that is known of an architecture",
    responses=problems.responses(404, 422, 503),
)
async def architecture(
    database: DatabaseDep,
    bench: Annotated[str, Path(pattern=NAME, examples=["nb201"])],
    digest: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The architecture's hash.")],
) -> ArchitectureAnswer:
    asked = asking.bench_named(bench)
    async with database() as session:
        found = await architectures.find(session, asked.name, digest)
        if found is None:
            raise problems.not_found(
                "architecture", f"nobody has asked for {digest} on {asked.name}; POST /score does"
            )
        records = await scores.provenance(session, found.id)
    graph = asked.graph(found.spec, asked.skeletons["full"], CLASSES)
    spellings = asked.spellings(found.spec)
    return ArchitectureAnswer(
        bench=asked.name,
        hash=digest,
        spec=found.spec,
        spellings=list(spellings[:SPELLINGS_SHOWN]),
        spellings_total=len(spellings),
        parameters=graph.parameters,
        flops=graph.flops,
        scores=[
            ScoreRecord(
                protocol=protocol,
                proxy=record.proxy,
                revision=record.revision,
                value=record.value,
                undefined=record.undefined,
                device=record.device,
                torch=record.torch,
                seconds=record.seconds,
                created_at=record.created_at,
            )
            for record, protocol in records
        ],
        accuracy=None,
    )
