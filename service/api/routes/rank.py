"""GET /rank: the leaderboard of a bench, page by page."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service.api import (
    asking,
    board_pages,
    board_query,
    board_state,
    board_views,
    etag,
    problems,
    whole_boards,
)
from service.api.board_query import View, Which
from service.api.board_state import BoardState
from service.api.board_views import Page
from service.api.deps import DatabaseDep, KnownSheetsDep, SettingsDep
from service.api.known_sheets import UnsortedError
from service.api.negotiation import preferred
from service.api.openapi import header
from service.api.schemas.protocol import Protocol
from service.api.schemas.rank import CSV_TYPE, Board, as_csv
from service.catalogue import Proxy
from service.db import boards
from service.db.boards import Filter

router = APIRouter(tags=["scores"])

JSON, CSV = "application/json", "text/csv"

_TEXT = {"schema": {"type": "string"}}
HEADERS: dict[str, Any] = {
    "ETag": {"description": "Weak: of the board, the page and the form", **_TEXT},
    "Cache-Control": {"description": "`no-cache`: ask again, with the tag", **_TEXT},
    "Vary": {"description": "`Accept`", **_TEXT},
}
ROWS = (
    "rank,hash,score,accuracy,parameters,flops,arch\r\n"
    "1,d01cd8f572adc5e759ca8b8af861d441,295.28,,316138,40448384,|none~0|+...\r\n"
)


def _best(operation: str) -> dict[str, Any]:
    """What OpenAPI says of the way from a board to its first architecture."""
    path = {"bench": "$response.body#/bench", "digest": "$response.body#/items/0/hash"}
    return {"operationId": operation, "parameters": path}


@router.get(
    "/rank",
    operation_id="rank",
    summary="The leaderboard of a bench, best first",
    response_model=Board,
    responses={
        200: {
            "description": "The page, as JSON or as CSV",
            "content": {CSV: {**_TEXT, "example": ROWS}},
            "headers": {**HEADERS, **header("Link")},
            "links": {name: _best(name) for name in ("architecture", "neighbours")},
        },
        304: {"description": "The page is as it was", "headers": HEADERS},
        **problems.responses(422, 503),
    },
)
async def rank(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    known_sheets: KnownSheetsDep,
    which: Annotated[Which, Depends(board_query.named)],
    wanted: Annotated[Filter, Depends(board_query.filtered)],
    view: Annotated[View, Depends(board_query.viewed)],
    limit: Annotated[int, Query(ge=1)] = 100,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    everything: Annotated[
        bool, Query(description="All rows at once, as CSV alone; without `limit` and `cursor`.")
    ] = False,
    if_none_match: Annotated[
        str | None, Header(description="The tag of the page at hand: 304 where it is current.")
    ] = None,
) -> Response:
    """Every architecture scored under the protocol by any client. The direction is the catalogue's
    for this proxy and bench; of an ensemble the larger value is the better one. Undefined scores
    are left out and counted. Where a filter is given, ranks are among what it leaves. `Accept:
    text/csv` asks for the rows alone.
    """
    bench = asking.bench_named(which.bench)
    limit = min(limit, settings.page_limit)
    form = preferred(request.headers.get("Accept"), (CSV, JSON) if everything else (JSON, CSV))
    board_query.check(view, cursor, form, everything=everything)
    spec_fields = list(bench.read(bench.example).architecture.spec)

    async def answered(*, may_sort: bool) -> Response:
        async with database() as session:
            # One moment for all that a page says: counts are of its rows, and its tag is of both.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            board = await board_state.read(session, which, wanted)
            after = board_pages.begin(cursor, board.name)
            shown = "everything" if everything else (cursor, limit, view)
            tag = etag.weak(request.app.version, *board.state, shown, form)
            headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"}
            if etag.is_current(if_none_match, tag):
                # What the compressed page says of itself.
                headers["Vary"] = "Accept, Accept-Encoding"
                return Response(status_code=304, headers=headers)
            if not everything:
                counting = form == JSON or not view.is_first
                total = await boards.total(session, board.asked) if counting else 0
                part = board_views.Asked(bench.name, board.asked, view, limit, total)
                kept = (session, board.state, board.asked, board.trained)
                sheet = partial(known_sheets.of, *kept, may_sort=may_sort)
                page = await board_views.read(session, part, after, sheet)
        if everything:
            return await whole_boards.answer(
                database, board.asked, after, settings.page_limit, spec_fields, headers
            )
        if page.following is not None:
            headers["Link"] = _link(which, board, limit, page.following)
        if form == CSV:
            return Response(as_csv(page.items, spec_fields), headers=headers, media_type=CSV_TYPE)
        answer = _shown(board, view, page, total)
        return Response(answer.model_dump_json(), headers=headers, media_type=JSON)

    try:
        return await answered(may_sort=False)
    except UnsortedError:
        # Who waits for a turn has no connection, and what has changed meanwhile is asked anew.
        async with known_sheets.turn:
            return await answered(may_sort=True)


def _link(which: Which, board: BoardState, limit: int, following: str) -> str:
    """To the next page."""
    query = {
        "bench": which.bench,
        "proxy": board.ranked_by.name,
        "protocol": which.protocol,
        "dataset": which.dataset,
        "seed": which.seed,
        **({} if which.truth is None else {"truth": which.truth}),
        **board_query.as_query(board.wanted),
        "limit": limit,
        "cursor": following,
    }
    return f'</rank?{urlencode(query)}>; rel="next"'


def _shown(board: BoardState, view: View, page: Page, total: int) -> Board:
    ranked_by, bench = board.ranked_by, board.protocol.bench
    return Board(
        bench=bench,
        proxy=ranked_by.name,
        protocol=Protocol.of(board.protocol),
        direction=board.ranking.direction,
        evidence=ranked_by.evidence.get(bench, "none"),
        population=None if isinstance(ranked_by, Proxy) else board.ranking.revision,
        reason=page.reason or board.why_empty,
        total=total,
        undefined=board.counts.undefined,
        truth=None if board.trained is None else board.trained.name,
        sort=view.sort,
        reverse=view.reverse,
        offset=page.offset,
        matches=page.matches,
        items=page.items,
        next=page.following,
    )
