"""A series as answers write it: JSON or CSV, a thousand values at a time."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api.schemas.rank import cell
from service.db import accuracies
from service.db.accuracies import Value

PAGE = 1_000
"""Values read together: five milliseconds of an API process."""

Pages = AsyncIterator[Sequence[Value]]


async def pages(database: async_sessionmaker[AsyncSession], series_id: int) -> Pages:
    """All values of a series, each page read when it is sent: no connection waits for a client."""
    after = None
    while True:
        async with database() as session:
            page = await session.run_sync(accuracies.page, series_id, after, PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].spelling, page[-1].seed


async def as_json(head: BaseModel, pages: Pages) -> AsyncIterator[bytes]:
    """`head`, the last field of which is an empty list, with the values in that list."""
    end = b"]}"
    before = head.model_dump_json().encode().removesuffix(end)
    async for page in pages:
        yield before + b",".join(_object(value) for value in page)
        before = b","
    yield end if before == b"," else before + end


async def as_csv(fields: Sequence[str], pages: Pages) -> AsyncIterator[bytes]:
    """Lines that `PUT /accuracies` reads, under a header."""
    before = _lines([("hash", "value", "seed", *fields)])
    async for page in pages:
        yield before + _lines(_row(value, fields) for value in page)
        before = b""
    if before:
        yield before


def _row(value: Value, fields: Sequence[str]) -> Sequence[object]:
    spelling = json.loads(value.spelling)
    return value.hash, value.value, value.seed, *(cell(spelling[name]) for name in fields)


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _object(value: Value) -> bytes:
    # The spelling is JSON already: its fields stand between those of the row.
    seed = "null" if value.seed is None else value.seed
    fields = value.spelling[1:-1]
    return f'{{"hash":"{value.hash}",{fields},"seed":{seed},"value":{value.value!r}}}'.encode()
