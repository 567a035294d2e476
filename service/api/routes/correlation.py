"""GET /correlation: how far each score of a bench can be trusted."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from service.api import asking, costs, problems
from service.api.deps import DatabaseDep
from service.api.negotiation import preferred
from service.api.schemas.correlation import (
    CSV_HEADER,
    Correlated,
    Correlations,
    Found,
    Order,
    Set,
    Truth,
    as_csv,
    order_of,
)
from service.api.schemas.cost import CorrelatedCost
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import NAME, SEEDS
from service.db import accuracies, correlations, ensembles, pass_seconds, questions
from service.db.models import Correlation, Series
from service.db.questions import LEAST, Question, Scoring
from service.protocol import Protocol as ScoredUnder

router = APIRouter(tags=["accuracies"])

JSON, CSV = "application/json", "text/csv"

_ROWS = {
    "schema": {"type": "string"},
    "example": f"{','.join(CSV_HEADER)}\r\n",
}
_VARY = {"Vary": {"description": "`Accept`", "schema": {"type": "string"}}}


@router.get(
    "/correlation",
    operation_id="correlation",
    summary="How well each score ranks a bench, beside trained accuracies",
    response_model=Correlations,
    responses={
        200: {
            "description": "What is known, as JSON or as CSV",
            "content": {CSV: _ROWS},
            "headers": _VARY,
        },
        **problems.responses(422, 503),
    },
)
async def correlation(
    request: Request,
    database: DatabaseDep,
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    truth: Annotated[str | None, Query(pattern=NAME)] = None,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    members: Set = "classes",
    order: Order = "spearman",
) -> Response:
    """Every proxy and ensemble scored under the protocol, and every published score, beside one
    truth: by default the top-1 accuracy on a test split after the most epochs. A worker has
    computed it from stored rows and computes it again when they change. Nothing is computed here.
    """
    asked = asking.bench_named(bench)
    form = preferred(request.headers.get("Accept"), (JSON, CSV))
    async with database() as session:
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        truths = await session.run_sync(accuracies.truths, asked.name)
        chosen = await asking.truth_named(session, asked.name, truth)
        rows: list[tuple[Question, Correlation | None]] = []
        if chosen is not None:
            rows = await session.run_sync(_rows, chosen, members, described.digest)
        cost_of = await session.run_sync(_costs, described)
    # In a thread: the first time, a median is taken over a sample of the bench.
    items = await asyncio.to_thread(_items, rows, cost_of)
    items.sort(key=lambda item: order_of(item, order))
    headers = {"Vary": "Accept"}
    if form == CSV:
        name = "" if chosen is None else chosen.name
        table = as_csv(name, members, items)
        return Response(table, headers=headers, media_type=f"{CSV}; charset=utf-8; header=present")
    under = f"{protocol} with dataset {dataset} and seed {seed}"
    answer = Correlations(
        bench=asked.name,
        protocol=Protocol.of(described),
        truth=None if chosen is None else Truth.model_validate(chosen, from_attributes=True),
        truths=[each.name for each in truths],
        members=members,
        order=order,
        missing=_missing(asked.name, under, chosen, rows),
        items=items,
    )
    return Response(answer.model_dump_json(), headers=headers, media_type=JSON)


def _rows(
    session: Session, truth: Series, members: Set, digest: str
) -> list[tuple[Question, Correlation | None]]:
    scored = questions.scorings(session, truth.bench, digest)
    series = accuracies.of_bench(session, truth.bench)
    asked = questions.questions([truth], [members], scored, series)
    enough = [question for question in asked if question.scoring.enough]
    stored = correlations.stored(session, enough)
    answers = {question.key: stored.get(question.key) for question in enough}
    return [(question, answers.get(question.key)) for question in asked]


def _costs(session: Session, protocol: ScoredUnder) -> Callable[[Scoring], CorrelatedCost]:
    """Says what each score costs under a protocol, without asking the database again."""
    known = ensembles.every(session)
    kept = pass_seconds.every(session, protocol.bench, protocol.name)
    series = {each.id: each for each in accuracies.of_bench(session, protocol.bench)}

    def cost_of(scoring: Scoring) -> CorrelatedCost:
        if scoring.kind == "proxy":
            return costs.under(protocol, [scoring.name], kept)
        if scoring.kind == "ensemble" and scoring.name in known:
            return costs.under(protocol, known[scoring.name].members, kept)
        if scoring.kind == "reduced_training":
            if scoring.series_id is None:
                return costs.under_training(protocol, kept)
            # It may have been removed since.
            found = series.get(scoring.series_id)
            return costs.UNKNOWN if found is None else costs.of_training(found)
        return costs.UNKNOWN

    return cost_of


def _items(
    rows: Sequence[tuple[Question, Correlation | None]],
    cost_of: Callable[[Scoring], CorrelatedCost],
) -> list[Correlated]:
    return [
        _correlated(question, answer, cost_of(question.scoring))
        for question, answer in rows
        if answer is not None
    ]


def _correlated(question: Question, answer: Correlation, cost: CorrelatedCost) -> Correlated:
    scoring, found = question.scoring, answer.findings
    return Correlated(
        proxy=scoring.name,
        kind=scoring.kind,
        published=scoring.kind == "published",
        revision=None if scoring.ranking is None else scoring.ranking.revision,
        direction=scoring.direction,
        cost=cost,
        all=Found.model_validate(found["all"]),
        top_tenth=Found.model_validate(found["top_tenth"]),
        computed_at=answer.computed_at,
        seconds=answer.seconds,
        stale=answer.inputs != question.inputs,
    )


def _missing(
    bench: str,
    under: str,
    truth: Series | None,
    rows: Sequence[tuple[Question, Correlation | None]],
) -> list[str]:
    if truth is None:
        return [f"no trained accuracies of {bench} are known: `PUT /accuracies` stores them"]
    missing = []
    if not any(question.scoring.ranking is not None for question, _ in rows):
        missing.append(f"nothing of {bench} is scored under {under}: `POST /score` asks for it")
    few = [question.scoring for question, _ in rows if not question.scoring.enough]
    missing += [
        f"{scoring.name}: only {scoring.scored} architectures have both a score and an accuracy; "
        f"at least {LEAST} are needed"
        for scoring in few
    ]
    if waiting := sum(answer is None for _, answer in rows) - len(few):
        missing.append(f"{waiting} of {len(rows)} wait until a worker has time for them")
    return missing
