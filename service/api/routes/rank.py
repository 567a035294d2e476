"""GET /rank: the leaderboard of a bench, page by page."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service.api import asking, board_pages, etag, problems, whole_boards
from service.api.answers import NO_POPULATION
from service.api.deps import DatabaseDep, SettingsDep
from service.api.negotiation import preferred
from service.api.openapi import header
from service.api.problems import Fault
from service.api.schemas.protocol import Protocol
from service.api.schemas.rank import CSV_TYPE, Board, as_csv
from service.api.schemas.score import NAME, SEEDS
from service.catalogue import Proxy
from service.db import boards, protocols
from service.db.boards import Filter
from service.db.size_classes import Range
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
    "rank,hash,score,accuracy,arch\r\n1,d01cd8f572adc5e759ca8b8af861d441,295.28,,|none~0|+...\r\n"
)


_Bound = Annotated[int | None, Query(ge=0, lt=2**62)]


def _filter(
    parameters_min: _Bound = None,
    parameters_max: _Bound = None,
    flops_min: _Bound = None,
    flops_max: _Bound = None,
    accuracy: Annotated[
        Literal["known"] | None, Query(description="Only what has a trained accuracy.")
    ] = None,
) -> Filter:
    """What of the board is asked for. Sizes are those of the `full` network with ten classes."""
    asked = Filter(
        Range(parameters_min, parameters_max),
        Range(flops_min, flops_max),
        accuracy is not None,
    )
    faults = [
        Fault(
            field=f"{name}_min",
            detail=f"{each.least} is more than {name}_max",
            valid=f"at most {each.most}",
        )
        for name, each in (("parameters", asked.parameters), ("flops", asked.flops))
        if each.least is not None and each.most is not None and each.least > each.most
    ]
    if faults:
        raise problems.invalid(faults)
    return asked


def _query(asked: Filter) -> dict[str, str]:
    """The filter as it is asked for."""
    bounds = {
        "parameters_min": asked.parameters.least,
        "parameters_max": asked.parameters.most,
        "flops_min": asked.flops.least,
        "flops_max": asked.flops.most,
    }
    found = {name: str(bound) for name, bound in bounds.items() if bound is not None}
    return {**found, "accuracy": "known"} if asked.known else found


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
    wanted: Annotated[Filter, Depends(_filter)],
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
    form = preferred(request.headers.get("Accept"), (JSON, CSV))
    if everything:
        _check_whole(form, cursor)
    spec_fields = list(asked.read(asked.example).architecture.spec)
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
            name += f"/{urlencode(_query(wanted))}"
        after = board_pages.first(name) if cursor is None else board_pages.read(cursor, name)
        truths = await boards.truths(session, asked.name) if wanted.known else ()
        counted = await boards.counts(session, ranking)
        # Scores are only ever added: a board of as many is the same board. Accuracies are placed on
        # it some time after their series has changed.
        size = (counted.total, counted.undefined, sum(counted.known.values()) * wanted.known)
        known = None if trained is None else (trained.name, trained.changes)
        page = "everything" if everything else (cursor, limit)
        tag = etag.weak(request.app.version, name, size, known, truths, page, form)
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"}
        if etag.is_current(if_none_match, tag):
            # What the compressed page says of itself.
            headers["Vary"] = "Accept, Accept-Encoding"
            return Response(status_code=304, headers=headers)
        board = boards.Asked(ranking, counted, wanted, None if trained is None else trained.id)
        if not everything:
            rows = await boards.page(session, board, board_pages.key(after), limit + 1)
            total = await boards.total(session, board) if form == JSON else 0
    if everything:
        return await whole_boards.answer(
            database, board, after, settings.page_limit, spec_fields, headers
        )
    items, last = board_pages.ranked(rows[:limit], after)
    following = board_pages.write(last) if len(rows) > limit else None
    if following is not None:
        query = {
            "bench": bench,
            "proxy": ranked_by.name,
            "protocol": protocol,
            "dataset": dataset,
            "seed": seed,
            **({} if truth is None else {"truth": truth}),
            **_query(wanted),
            "limit": limit,
            "cursor": following,
        }
        headers["Link"] = f'</rank?{urlencode(query)}>; rel="next"'
    if form == CSV:
        return Response(as_csv(items, spec_fields), headers=headers, media_type=CSV_TYPE)
    answer = Board(
        bench=asked.name,
        proxy=ranked_by.name,
        protocol=Protocol.of(described),
        direction=ranking.direction,
        evidence=ranked_by.evidence.get(asked.name, "none"),
        population=None if isinstance(ranked_by, Proxy) else ranking.revision,
        reason=_why_empty(ranked_by, stored, counted),
        total=total,
        undefined=counted.undefined,
        truth=None if trained is None else trained.name,
        items=items,
        next=following,
    )
    return Response(answer.model_dump_json(), headers=headers, media_type=JSON)


def _check_whole(form: str, cursor: str | None) -> None:
    """Raises ProblemError where not all rows can be sent so."""
    faults = []
    if form != CSV:
        fault = "all rows at once are CSV"
        faults.append(Fault(field="everything", detail=fault, valid="with `Accept: text/csv`"))
    if cursor is not None:
        fault = "all rows have no page"
        faults.append(Fault(field="cursor", detail=fault, valid="without `everything`"))
    if faults:
        raise problems.invalid(faults)


def _why_empty(
    ranked_by: Proxy | Ensemble, stored: protocols.Stored | None, counted: boards.Counts
) -> str | None:
    """Of an ensemble that nothing has a score by, where something was asked."""
    if isinstance(ranked_by, Proxy) or stored is None or counted.total:
        return None
    if stored.population is None:
        return NO_POPULATION
    return f"nothing is scored by all its proxies: ask for `{ranked_by.name}`, which brings them"
