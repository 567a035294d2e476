"""Trained accuracies in and out: tables of any length, read and written as they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import ClientDisconnect

from service.accuracies import Facts, Intake
from service.api import asking, problems, series_rows
from service.api.deps import DatabaseDep, SettingsDep, TurnsDep
from service.api.negotiation import preferred
from service.api.problems import Fault
from service.api.schemas.accuracies import (
    EPOCHS,
    ListedSeries,
    SeriesAnswer,
    SeriesList,
    SeriesValues,
    SourceText,
    TakenIn,
)
from service.api.schemas.score import NAME
from service.api.uploads import CSV, JSON, Upload
from service.db import accuracies, accuracy_writes, architectures, known, models
from service.db.accuracy_writes import OtherSeriesError, Written

ROWS = "hash,value,seed,arch\r\nd01cd8f572adc5e759ca8b8af861d441,84.2,0,|none~0|+...\r\n"

router = APIRouter(prefix="/accuracies", tags=["accuracies"])

CSV_TYPE = f"{CSV}; charset=utf-8; header=present"

PIECE = 2**16
"""Bytes read at a time: of NB101 some two hundred rows, a fifth of a second in a thread."""

_Name = Annotated[str | None, Query(pattern=NAME)]

_BODY = {
    "required": True,
    "content": {
        JSON: {"schema": {"$ref": "#/components/schemas/AccuracyTable"}},
        CSV: {
            "schema": {"type": "string"},
            "example": "ops,value,seed\r\n"
            '"[""none"",""none"",""none"",""nor_conv_3x3"",""none"",""none""]",81.3,0\r\n',
        },
    },
}


@router.put(
    "",
    operation_id="put_accuracies",
    summary="Store a table of trained accuracies",
    responses=problems.responses(408, *problems.OF_A_BODY, 503),
    openapi_extra={"requestBody": _BODY},
)
async def put_accuracies(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    turns: TurnsDep,
    bench: _Name = None,
    dataset: _Name = None,
    split: Literal["validation", "test"] | None = None,
    epochs: Annotated[int | None, Query(ge=1, le=EPOCHS)] = None,
    source: SourceText | None = None,
    metric: _Name = None,
    name: _Name = None,
) -> TakenIn:
    """All of it or nothing: every bad row is counted, and the first hundred are named. A value of
    the same series, spelling and seed is replaced. JSON describes the table before its rows; with
    CSV the address does.
    """
    said = {
        "bench": bench,
        "dataset": dataset,
        "split": split,
        "epochs": epochs,
        "source": source,
        "metric": metric,
        "name": name,
    }
    query = {field: value for field, value in said.items() if value is not None}
    content_type = request.headers.get("Content-Type")
    with (
        turns.table(settings.accuracies_at_once),
        closing(Upload(content_type, query, settings.accuracies_limit)) as upload,
    ):
        checked = False
        async for piece in _pieces(request, settings.accuracies_piece_seconds):
            async with turns.reading:
                await asyncio.to_thread(upload.feed, piece)
            if upload.facts is not None and not checked:
                await _check_name(database, upload.facts)
                checked = True
        async with turns.reading:
            facts, intake = await asyncio.to_thread(upload.finish)
        async with turns.writing:
            written = await _write(database, facts, intake)
        return TakenIn(
            bench=facts.bench,
            series=facts.name,
            rows=intake.rows,
            values=intake.values,
            added=written.added,
            changed=written.changed,
        )


@router.get(
    "",
    operation_id="accuracies",
    summary="The series of a bench, or all values of one",
    response_model=SeriesList | SeriesValues,
    responses={
        200: {
            "description": "The list, or the values as JSON or as CSV",
            "content": {CSV: {"schema": {"type": "string"}, "example": ROWS}},
        },
        **problems.responses(422, 503),
    },
)
async def get_accuracies(
    request: Request,
    database: DatabaseDep,
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    series: Annotated[str | None, Query(pattern=NAME, description="Its name.")] = None,
) -> Response:
    """Without `series` the list of them, scores by other tools included. `Accept: text/csv` asks
    for the values alone, in the form that `PUT` reads.
    """
    asked = asking.bench_named(bench)
    if series is None:
        return await _list(database, asked.name)
    async with database() as session:
        found = await asking.series_named(session, asked.name, series)
    pages = series_rows.pages(database, found.id)
    headers = {"Vary": "Accept"}
    if preferred(request.headers.get("Accept"), (JSON, CSV)) == CSV:
        fields = list(asked.read(asked.example).asked)
        written = await _begun(series_rows.as_csv(fields, pages))
        return StreamingResponse(written, headers=headers, media_type=CSV_TYPE)
    head = SeriesValues(bench=asked.name, **_facts(found), accuracies=[])
    written = await _begun(series_rows.as_json(head, pages))
    return StreamingResponse(written, headers=headers, media_type=JSON)


async def _list(database: async_sessionmaker[AsyncSession], bench: str) -> Response:
    async with database() as session:
        found = await session.run_sync(accuracies.of_bench, bench)
    listed = SeriesList(
        bench=bench,
        series=[
            ListedSeries(
                **_facts(each), values=each.value_count, architectures=each.architecture_count
            )
            for each in found
        ],
    )
    return Response(listed.model_dump_json(), media_type=JSON)


def _facts(series: models.Series) -> dict[str, Any]:
    return {name: getattr(series, name) for name in SeriesAnswer.model_fields}


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """With its first piece made: where the database is away, that is the answer."""
    first = await anext(pieces)

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_it()


async def _pieces(request: Request, seconds: float) -> AsyncIterator[bytes]:
    """Raises ProblemError where nothing comes for so many seconds."""
    waiting = bytearray()
    stream = request.stream()
    try:
        while (chunk := await asyncio.wait_for(anext(stream, None), seconds)) is not None:
            waiting += chunk
            if len(waiting) >= PIECE:
                yield bytes(waiting)
                waiting.clear()
    except TimeoutError:
        raise problems.ProblemError(
            408,
            "too-slow",
            "Request Timeout",
            f"nothing of the table has come for {seconds:g} s; nothing was written",
            headers={"Connection": "close"},
        ) from None
    except ClientDisconnect:
        # Nobody hears it; without it the log would call it a fault of ours.
        fault = Fault(field="body", detail="ends too early", valid="all of it")
        raise problems.invalid([fault]) from None
    yield bytes(waiting)


async def _check_name(database: async_sessionmaker[AsyncSession], facts: Facts) -> None:
    """Before minutes of reading; what writes checks again."""
    async with database() as session:
        try:
            await session.run_sync(accuracy_writes.check, facts)
        except OtherSeriesError as error:
            raise _other(error) from None


async def _write(
    database: async_sessionmaker[AsyncSession], facts: Facts, intake: Intake
) -> Written:
    # By themselves: who asks for one of them meanwhile does not wait for the whole table.
    for part in intake.parts():
        async with database.begin() as session:
            specs = {row.hash: row.spec for row in part}
            await session.run_sync(architectures.store_texts, facts.bench, specs)
    async with database.begin() as session:
        try:
            written = await session.run_sync(accuracy_writes.write, facts, intake.parts())
        except OtherSeriesError as error:
            raise _other(error) from None
    placed = True
    while placed:
        async with database.begin() as session:
            placed = bool(await session.run_sync(known.place, facts.bench))
    return written


def _other(error: OtherSeriesError) -> problems.ProblemError:
    fault = Fault(
        field=error.field,
        detail=str(error),
        valid=f"{error.stored}, or another `name` for another series",
    )
    return problems.invalid([fault])
