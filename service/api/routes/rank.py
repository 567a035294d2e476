"""GET /rank: the leaderboard of a bench, page by page."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from service.api import asking, etag, problems
from service.api.answers import NO_POPULATION
from service.api.deps import DatabaseDep, SettingsDep
from service.api.negotiation import preferred
from service.api.openapi import header
from service.api.problems import Fault
from service.api.schemas.protocol import Protocol
from service.api.schemas.rank import Board, Ranked, as_csv
from service.api.schemas.score import NAME, SEEDS
from service.catalogue import Proxy
from service.db import accuracies, protocols, scores
from service.ensembles import DEFAULT_ENSEMBLE, Ensemble

router = APIRouter(tags=["scores"])

_Whole = Annotated[int, Field(ge=0, lt=2**62)]
Cursor = tuple[str, FiniteFloat, _Whole, _Whole, _Whole]
"""The board, and of the last row before the page: its score, its id, its rank, its position."""

_CURSOR: TypeAdapter[Cursor] = TypeAdapter(Cursor)


JSON, CSV = "application/json", "text/csv"
CSV_TYPE = f"{CSV}; charset=utf-8; header=present"

_TEXT = {"schema": {"type": "string"}}
HEADERS: dict[str, Any] = {
    "ETag": {"description": "Weak: of the board, the page and the form", **_TEXT},
    "Cache-Control": {"description": "`no-cache`: ask again, with the tag", **_TEXT},
    "Vary": {"description": "`Accept`", **_TEXT},
}
ROWS = (
    "rank,hash,score,accuracy,arch\r\n1,d01cd8f572adc5e759ca8b8af861d441,295.28,,|none~0|+...\r\n"
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
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    if_none_match: Annotated[
        str | None, Header(description="The tag of the page at hand: 304 where it is current.")
    ] = None,
) -> Response:
    """Every architecture scored under the protocol by any client. The direction is the catalogue's
    for this proxy and bench; of an ensemble the larger value is the better one. Undefined scores
    are left out and counted. `Accept: text/csv` asks for the rows alone.
    """
    asked = asking.bench_named(bench)
    limit = min(limit, settings.page_limit)
    form = preferred(request.headers.get("Accept"), (JSON, CSV))
    async with database() as session:
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        ranked_by = await asking.proxy_named(session, proxy or DEFAULT_ENSEMBLE[asked.name])
        stored = await protocols.find(session, described.digest)
        ranking = _ranking(ranked_by, asked.name, stored)
        trained = await asking.truth_named(session, asked.name, truth)
        name = f"{described.digest}/{ranked_by.name}/{ranking.revision}"
        after = _read(cursor, name)
        # Before the rows: a tag may be older than its page, never newer.
        size = await scores.board_size(session, ranking)
        # Scores are only ever added: a board of as many is the same board. Accuracies are counted.
        known = None if trained is None else (trained.name, trained.changes)
        tag = etag.weak(request.app.version, name, size, known, cursor, limit, form)
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"}
        if etag.is_current(if_none_match, tag):
            # What the compressed page says of itself.
            headers["Vary"] = "Accept, Accept-Encoding"
            return Response(status_code=304, headers=headers)
        row = None if after is None else (after[1], after[2])
        places = await scores.board(session, ranking, row, limit + 1)
        means = {}
        if trained is not None:
            ids = [place.architecture_id for place in places]
            means = await session.run_sync(accuracies.means, trained.id, ids)
    items, last = _ranked(places[:limit], means, after or (name, 0.0, 0, 0, 0))
    following = _write(last) if len(places) > limit else None
    if following is not None:
        query = {
            "bench": bench,
            "proxy": ranked_by.name,
            "protocol": protocol,
            "dataset": dataset,
            "seed": seed,
            **({} if truth is None else {"truth": truth}),
            "limit": limit,
            "cursor": following,
        }
        headers["Link"] = f'</rank?{urlencode(query)}>; rel="next"'
    if form == CSV:
        spec_fields = list(asked.read(asked.example).architecture.spec)
        return Response(as_csv(items, spec_fields), headers=headers, media_type=CSV_TYPE)
    board = Board(
        bench=asked.name,
        proxy=ranked_by.name,
        protocol=Protocol.of(described),
        direction=ranking.direction,
        evidence=ranked_by.evidence.get(asked.name, "none"),
        population=None if isinstance(ranked_by, Proxy) else ranking.revision,
        reason=NO_POPULATION if stored is not None and ranking.revision is None else None,
        total=size.defined,
        undefined=size.undefined,
        truth=None if trained is None else trained.name,
        items=items,
        next=following,
    )
    return Response(board.model_dump_json(), headers=headers, media_type=JSON)


def _ranking(
    ranked_by: Proxy | Ensemble, bench: str, stored: protocols.Stored | None
) -> scores.Board:
    if isinstance(ranked_by, Proxy):
        revision: int | None = ranked_by.revision
        direction = ranked_by.better[bench]
    else:
        revision = None if stored is None else stored.population
        direction = "larger"
    protocol_id = None if stored is None else stored.id
    return scores.Board(protocol_id, ranked_by.name, revision, direction)


def _ranked(
    places: Sequence[scores.Place], means: Mapping[int, float], after: Cursor
) -> tuple[list[Ranked], Cursor]:
    """The rows of a page behind `after`, and the cursor behind them."""
    items = []
    name, value, architecture_id, place, position = after
    for found in places:
        position += 1
        if found.value != value or place == 0:
            value, place = found.value, position
        architecture_id = found.architecture_id
        items.append(
            Ranked(
                rank=place,
                hash=found.hash,
                spec=dict(found.spec),
                score=found.value,
                accuracy=means.get(found.architecture_id),
            )
        )
    return items, (name, value, architecture_id, place, position)


def _write(last: Cursor) -> str:
    return base64.urlsafe_b64encode(_CURSOR.dump_json(last)).decode().rstrip("=")


def _read(cursor: str | None, board: str) -> Cursor | None:
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        last = _CURSOR.validate_json(base64.urlsafe_b64decode(padded))
    except (ValidationError, binascii.Error, ValueError):
        last = None
    if last is None or last[0] != board:
        fault = Fault(
            field="cursor", detail="no cursor of this board", valid="`next` of the page before"
        )
        raise problems.invalid([fault])
    return last
