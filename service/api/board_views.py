"""The rows of a board that a request asks for: as cursors page through them, or any others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from service.api import board_pages
from service.api.board_pages import Cursor
from service.api.board_query import View
from service.api.schemas.rank import Ranked
from service.db import board_views, boards
from service.db.board_sheets import Measure, Sheet
from service.db.boards import Row


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows that stand together."""

    items: list[Ranked]
    offset: int = 0
    """How many stand before them."""
    following: str | None = None
    """The cursor behind them."""
    matches: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A board and what of it a request asks for."""

    bench: str
    board: boards.Asked
    view: View
    limit: int
    total: int
    """How many rows the filter leaves."""


async def read(
    session: AsyncSession,
    asked: Asked,
    after: Cursor,
    sheet: Callable[[Measure], Awaitable[Sheet]],
) -> Page:
    """The rows behind the cursor where the board is read from its beginning, else those that the
    view says; `sheet` has the board sorted."""
    if asked.view.is_first:
        return await _page(session, asked, after)
    return await _window(session, asked, board_pages.board(after), sheet)


async def _page(session: AsyncSession, asked: Asked, after: Cursor) -> Page:
    """Best first, up to `limit` rows behind the cursor."""
    rows = await boards.page(session, asked.board, board_pages.key(after), asked.limit + 1)
    items, last = board_pages.ranked(rows[: asked.limit], after)
    following = board_pages.write(last) if len(rows) > asked.limit else None
    return Page(items, board_pages.position(after), following)


async def _window(
    session: AsyncSession,
    asked: Asked,
    name: str,
    sheet: Callable[[Measure], Awaitable[Sheet]],
) -> Page:
    """From the row on that the view says; `name` is the board's for cursors."""
    found: Row | None = None
    matches = None
    if asked.view.at is not None:
        matching = await board_views.matching(session, asked.board, asked.bench, asked.view.at)
        if not matching:
            reason = f"no row of this board has a hash {asked.view.at}..."
            return Page([], matches=0, reason=reason)
        found, matches = matching[0], len(matching)
    if asked.view.sort == "score":
        offset, rows, ranks = await _by_score(session, asked, found)
    else:
        sorted_by = await sheet(asked.view.sort)
        offset, rows, ranks = await _by_measure(session, asked, sorted_by, found)
    items = [board_pages.row(rank, row) for rank, row in zip(ranks, rows, strict=True)]
    following = None
    if asked.view.best_first and 0 < len(items) < asked.total - offset:
        following = board_pages.write(board_pages.behind(name, offset, items, rows))
    return Page(items, offset, following, matches)


async def _by_score(
    session: AsyncSession, asked: Asked, found: Row | None
) -> tuple[int, list[Row], list[int]]:
    board, reverse, total = asked.board, asked.view.reverse, asked.total
    offset = asked.view.offset or 0
    if found is not None:
        better = await board_views.position(session, board, found)
        offset = total - 1 - better if reverse else better
    size = max(0, min(asked.limit, total - offset))
    best = total - offset - size if reverse else offset
    rows = await board_views.window(session, board, best, size, total)
    ranks = await board_views.ranks(session, board, rows, best)
    return (offset, rows[::-1], ranks[::-1]) if reverse else (offset, rows, ranks)


async def _by_measure(
    session: AsyncSession, asked: Asked, sheet: Sheet, found: Row | None
) -> tuple[int, list[Row], list[int]]:
    ids = sheet.order(reverse=asked.view.reverse)
    offset = asked.view.offset or 0
    if found is not None:
        offset = int((ids == found.architecture_id).argmax())
    chosen = ids[offset : offset + asked.limit].tolist()
    rows = await board_views.of_architectures(session, asked.board, chosen)
    ranks = sheet.ranks([row.value for row in rows], larger=asked.board.larger)
    return offset, rows, ranks
