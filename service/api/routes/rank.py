"""GET /rank: the leaderboard of a bench, page by page."""

import base64
import binascii
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from service.api import asking, problems
from service.api.deps import DatabaseDep, SettingsDep
from service.api.problems import Fault
from service.api.schemas.protocol import Protocol
from service.api.schemas.rank import Board, Ranked
from service.api.schemas.score import NAME, SEEDS
from service.catalogue import DEFAULT_RANKING
from service.db import protocols, scores

router = APIRouter(tags=["scores"])

_Whole = Annotated[int, Field(ge=0, lt=2**62)]
Cursor = tuple[str, FiniteFloat, _Whole, _Whole, _Whole]
"""The board, and of the last row before the page: its score, its id, its rank, its position."""

_CURSOR: TypeAdapter[Cursor] = TypeAdapter(Cursor)


@router.get(
    "/rank",
    operation_id="rank",
    summary="The leaderboard of a bench, best first",
    responses=problems.responses(422, 503),
)
async def rank(
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    proxy: Annotated[str, Query(pattern=NAME)] = DEFAULT_RANKING,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    limit: Annotated[int, Query(ge=1)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Board:
    """Every architecture scored under the protocol by any client. The direction is the catalogue's
    for this proxy and bench. Undefined scores are left out and counted.
    """
    asked = asking.bench_named(bench)
    ranked_by = asking.proxy_named(proxy)
    limit = min(limit, settings.page_limit)
    async with database() as session:
        described = await asking.protocol_named(session, asked.name, protocol, dataset, seed)
        name = f"{described.digest}/{ranked_by.name}/{ranked_by.revision}"
        after = _read(cursor, name)
        protocol_id = await protocols.find(session, described.digest)
        places: list[scores.Place] = []
        total = undefined = 0
        if protocol_id is not None:
            total, undefined = await scores.board_size(session, protocol_id, ranked_by)
            places = await scores.board(
                session,
                protocol_id,
                ranked_by,
                asked.name,
                None if after is None else (after[1], after[2]),
                limit + 1,
            )
    items: list[Ranked] = []
    _, value, _, place, position = after if after is not None else (name, None, 0, 0, 0)
    for found in places[:limit]:
        position += 1
        if found.value != value:
            value, place = found.value, position
        items.append(
            Ranked(
                rank=place,
                hash=found.hash,
                spec=dict(found.spec),
                score=found.value,
                accuracy=None,
            )
        )
    following = None
    if len(places) > limit:
        last = places[limit - 1]
        following = _write((name, last.value, last.architecture_id, place, position))
        query = {
            "bench": bench,
            "proxy": proxy,
            "protocol": protocol,
            "dataset": dataset,
            "seed": seed,
            "limit": limit,
            "cursor": following,
        }
        response.headers["Link"] = f'</rank?{urlencode(query)}>; rel="next"'
    return Board(
        bench=asked.name,
        proxy=ranked_by.name,
        protocol=Protocol.of(described),
        direction=ranked_by.better[asked.name],
        evidence=ranked_by.evidence[asked.name],
        total=total,
        undefined=undefined,
        items=items,
        next=following,
    )


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
