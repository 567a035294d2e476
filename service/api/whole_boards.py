"""A whole board as CSV, page by page: in memory is one page, and no connection between two."""

from collections.abc import AsyncIterator, Mapping, Sequence

from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import board_pages
from service.api.board_pages import Cursor
from service.api.schemas.rank import CSV_TYPE, as_csv
from service.db import boards


async def answer(
    database: async_sessionmaker[AsyncSession],
    asked: boards.Asked,
    begin: Cursor,
    limit: int,
    spec_fields: Sequence[str],
    headers: Mapping[str, str],
) -> StreamingResponse:
    """Every row in order, `limit` read at once.

    The first are read before the answer begins, so that what fails by then is a problem; a later
    failure cuts the answer off. A reader that is slow holds nothing that others need, and so scores
    added meanwhile may be among the rows that it has yet to read.
    """
    pieces = _pieces(database, asked, begin, limit, spec_fields)
    head = await anext(pieces)
    return StreamingResponse(_chained(head, pieces), headers=headers, media_type=CSV_TYPE)


async def _pieces(
    database: async_sessionmaker[AsyncSession],
    asked: boards.Asked,
    after: Cursor,
    limit: int,
    spec_fields: Sequence[str],
) -> AsyncIterator[str]:
    header = True
    more = True
    while more:
        async with database() as session:
            rows = await boards.page(session, asked, board_pages.key(after), limit)
        items, after = board_pages.ranked(rows, after)
        yield as_csv(items, spec_fields, header=header)
        header, more = False, len(rows) == limit


async def _chained(head: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield head
    async for piece in rest:
        yield piece
