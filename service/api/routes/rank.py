"""GET /rank: the leaderboard of a bench, page by page."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service.api import asking, board_pages, board_query, board_views, etag, problems, whole_boards
from service.api.answers import NO_POPULATION
from service.api.board_query import View
from service.api.deps import DatabaseDep, KnownSheetsDep, SettingsDep
from service.api.known_sheets import UnsortedError
from service.api.negotiation import preferred
from service.api.openapi import header
from service.api.schemas.protocol import Protocol
from service.api.schemas.rank import CSV_TYPE, Board, as_csv
from service.api.schemas.score import NAME, SEEDS
from service.catalogue import Proxy
from service.db import boards, protocols
from service.db.boards import Filter
from service.ensembles import Ensemble

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
    wanted: Annotated[Filter, Depends(board_query.filtered)],
    view: Annotated[View, Depends(board_query.viewed)],
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    proxy: Annotated[
        str | None,
        Query(pattern=NAME, description="A proxy or an ensemble; the bench's default ensemble."),
    ] = None,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    truth: Annotated[
        str | None,
        Query(pattern=NAME, description="Of which series `accuracy` is; the bench's default."),
    ] = None,
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
    asked = asking.bench_named(bench)
    limit = min(limit, settings.page_limit)
    offered = (CSV, JSON) if everything else (JSON, CSV)
    form = preferred(request.headers.get("Accept"), offered)
    board_query.check(view, cursor, form, everything=everything)
    spec_fields = list(asked.read(asked.example).architecture.spec)

    async def answered(*, may_sort: bool) -> Response:
        async with database() as session:
            # One moment for all that a page says: counts are of its rows, and its tag is of both.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
            ranked_by = await asking.proxy_named(session, proxy, asked.name, protocol)
            stored = await protocols.find(session, described.digest)
            ranking = asking.ranking(ranked_by, asked.name, stored)
            trained = await asking.truth_named(session, asked.name, truth)
            name = f"{described.digest}/{ranked_by.name}/{ranking.revision}"
            if wanted != boards.EVERYTHING:
                name += f"/{urlencode(board_query.as_query(wanted))}"
            after = board_pages.first(name) if cursor is None else board_pages.read(cursor, name)
            truths = await boards.truths(session, asked.name) if wanted.known else ()
            counted = await boards.counts(session, ranking)
            # Scores are only ever added: a board of as many is the same board. Accuracies are put
            # on it some time after their series has changed.
            size = (counted.total, counted.undefined, sum(counted.known.values()) * wanted.known)
            known = None if trained is None else (trained.name, trained.changes)
            shown = "everything" if everything else (cursor, limit, view)
            tag = etag.weak(request.app.version, name, size, known, truths, shown, form)
            headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"}
            if etag.is_current(if_none_match, tag):
                # What the compressed page says of itself.
                headers["Vary"] = "Accept, Accept-Encoding"
                return Response(status_code=304, headers=headers)
            board = boards.Asked(ranking, counted, wanted, None if trained is None else trained.id)
            if not everything:
                counting = form == JSON or not view.is_first
                total = await boards.total(session, board) if counting else 0
                part = board_views.Asked(asked.name, board, view, limit, total)
                if view.is_first:
                    page = await board_views.page(session, part, after)
                else:
                    state = (name, size, known, tuple(truths))
                    sheet = partial(
                        known_sheets.of, session, state, board, trained, may_sort=may_sort
                    )
                    page = await board_views.window(session, part, name, sheet)
        if everything:
            return await whole_boards.answer(
                database, board, after, settings.page_limit, spec_fields, headers
            )
        following = page.following
        if following is not None:
            query = {
                "bench": bench,
                "proxy": ranked_by.name,
                "protocol": protocol,
                "dataset": dataset,
                "seed": seed,
                **({} if truth is None else {"truth": truth}),
                **board_query.as_query(wanted),
                "limit": limit,
                "cursor": following,
            }
            headers["Link"] = f'</rank?{urlencode(query)}>; rel="next"'
        if form == CSV:
            return Response(as_csv(page.items, spec_fields), headers=headers, media_type=CSV_TYPE)
        answer = Board(
            bench=asked.name,
            proxy=ranked_by.name,
            protocol=Protocol.of(described),
            direction=ranking.direction,
            evidence=ranked_by.evidence.get(asked.name, "none"),
            population=None if isinstance(ranked_by, Proxy) else ranking.revision,
            reason=page.reason or _why_empty(ranked_by, stored, counted),
            total=total,
            undefined=counted.undefined,
            truth=None if trained is None else trained.name,
            sort=view.sort,
            reverse=view.reverse,
            offset=page.offset,
            matches=page.matches,
            items=page.items,
            next=following,
        )
        return Response(answer.model_dump_json(), headers=headers, media_type=JSON)

    try:
        return await answered(may_sort=False)
    except UnsortedError:
        # Who waits for a turn has no connection, and what has changed meanwhile is asked anew.
        async with known_sheets.turn:
            return await answered(may_sort=True)


def _why_empty(
    ranked_by: Proxy | Ensemble, stored: protocols.Stored | None, counted: boards.Counts
) -> str | None:
    """Of an ensemble that nothing has a score by, where something was asked."""
    if isinstance(ranked_by, Proxy) or stored is None or counted.total:
        return None
    if stored.population is None:
        return NO_POPULATION
    return f"nothing is scored by all its proxies: ask for `{ranked_by.name}`, which brings them"
