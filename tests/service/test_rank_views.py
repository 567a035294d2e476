"""GET /rank from any row on, in any order, with or without a filter."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from tests.service.running import START_S, Running, ask

Item = Mapping[str, Any]

SETTINGS = {"NASCORE_DATABASE_LOCK_SECONDS": str(START_S)}
"""Who is kept waiting on purpose waits for as long as a loaded machine may need."""

BENCH = "nb101"
SPELLINGS = 45
TRAINED = 30
TABLE = {"bench": BENCH, "dataset": "cifar10", "split": "test", "epochs": 108, "source": "a test"}
FILTERS: list[dict[str, Any]] = [{}, {"accuracy": "known"}, {"parameters_min": 3_000_000}]
ORDERS = [
    {"sort": by, "reverse": reverse}
    for by in ("score", "accuracy", "parameters", "flops")
    for reverse in (False, True)
]


@pytest.fixture(scope="module", autouse=True)
def _scored(worker: Running) -> None:
    """One board of few values with many ties, one where the smaller are better; accuracies of two
    spellings of one architecture, and equal ones."""
    sample = [reading.asked for reading in BENCHES[BENCH].sample(SPELLINGS, 4)]
    trained = [
        {**spelling, "seed": seed, "value": 90.0 + number % 7 + seed}
        for number, spelling in enumerate(sample[:TRAINED])
        for seed in range(1 + number % 3)
    ]
    with httpx2.Client(base_url=worker.address, timeout=120.0) as http:
        body = {"bench": BENCH, "architectures": sample, "proxies": ["params", "grad_norm"]}
        assert ask(http, body, wait=120).status_code == 200
        assert http.put("/accuracies", json={**TABLE, "accuracies": trained}).status_code == 200


def board(http: httpx2.Client, **query: Any) -> dict[str, Any]:
    answer = http.get("/rank", params={"bench": BENCH, "proxy": "params", **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def value(item: Item, sort: str) -> float:
    found: float = item[sort]
    return found


@pytest.mark.parametrize(
    ("proxy", "order"),
    [*(("params", order) for order in ORDERS), *(("grad_norm", order) for order in ORDERS[:2])],
    ids=str,
)
def test_any_row_of_any_order(http: httpx2.Client, proxy: str, order: dict[str, Any]) -> None:
    for wanted in FILTERS:
        query = {"proxy": proxy, **wanted}
        best_first = board(http, **query, limit=1000)["items"]
        whole = board(http, **query, **order, limit=1000)
        items = whole["items"]
        assert (whole["sort"], whole["reverse"]) == (order["sort"], order["reverse"])
        # The same rows, with the same ranks.
        assert sorted(items, key=lambda i: i["hash"]) == sorted(best_first, key=lambda i: i["hash"])
        assert len(items) == whole["total"] > 20
        known = [i for i in items if value(i, order["sort"]) is not None]
        assert items[: len(known)] == known, "what is not known is last"
        smaller = proxy == "grad_norm" if order["sort"] == "score" else "p" in order["sort"]
        for one, next_ in pairwise(value(item, order["sort"]) for item in known):
            assert one <= next_ if smaller != order["reverse"] else one >= next_
        for offset in (0, 7, len(items) // 2 + 3, len(items) - 2, len(items)):
            page = board(http, **query, **order, offset=offset, limit=7)
            assert page["items"] == items[offset : offset + 7], offset
            assert (page["offset"], page["total"]) == (offset, len(items))
        for place in (0, len(items) - 1, 5):
            found = board(http, **query, **order, at=items[place]["hash"], limit=3)
            assert (found["offset"], found["matches"]) == (place, 1)
            assert found["items"] == items[place : place + 3]


def test_best_first_goes_on_by_cursor_from_any_row(http: httpx2.Client) -> None:
    whole = board(http, limit=1000)["items"]
    page = board(http, offset=20, limit=5)
    following = board(http, cursor=page["next"], limit=5)
    assert (following["items"], following["offset"]) == (whole[25:30], 25)
    assert board(http, offset=len(whole) - 3, limit=5)["next"] is None
    assert board(http, offset=3, sort="flops", limit=5)["next"] is None


def test_the_first_digits_of_a_hash_are_found(http: httpx2.Client) -> None:
    whole = board(http, limit=1000)["items"]
    for item in whole[::9]:
        prefix = item["hash"][:6]
        found = board(http, at=prefix, limit=1)
        same = sorted(each["hash"] for each in whole if each["hash"].startswith(prefix))
        assert (found["items"][0]["hash"], found["matches"]) == (same[0], len(same))
    nobody = next(
        f"{n:04x}"
        for n in range(65_536)
        if not any(each["hash"].startswith(f"{n:04x}") for each in whole)
    )
    answer = board(http, at=nobody)
    assert (answer["items"], answer["matches"]) == ([], 0)
    assert nobody in answer["reason"]


def test_what_a_filter_leaves_out_is_not_found(http: httpx2.Client) -> None:
    smallest = board(http, sort="parameters", limit=1)["items"][0]
    bound = smallest["parameters"]
    assert board(http, at=smallest["hash"], parameters_max=bound)["matches"] == 1
    assert board(http, at=smallest["hash"], parameters_min=bound + 1)["matches"] == 0
    assert board(http, at=smallest["hash"], seed=5)["matches"] == 0


def test_sizes_are_those_of_the_architecture(http: httpx2.Client) -> None:
    for item in board(http, limit=3)["items"]:
        known = http.get(f"/architectures/{BENCH}/{item['hash']}").json()
        assert (item["parameters"], item["flops"]) == (known["parameters"], known["flops"])


def test_a_view_has_a_tag_of_its_own(http: httpx2.Client) -> None:
    views = [{}, {"offset": 0}, {"offset": 1}, *ORDERS[1:], {"at": "0" * 32}]
    answers = [http.get("/rank", params={"bench": BENCH, "proxy": "params", **v}) for v in views]
    tags = [answer.headers["ETag"] for answer in answers]
    assert len(set(tags)) == len(tags)
    for answer in answers:
        url, known = str(answer.request.url), {"If-None-Match": answer.headers["ETag"]}
        assert http.get(url, headers=known).status_code == 304


def test_csv_has_the_view(http: httpx2.Client) -> None:
    query = {"bench": BENCH, "proxy": "params", "sort": "flops", "offset": 4, "limit": 3}
    lines = http.get("/rank", params=query, headers={"Accept": "text/csv"}).text.splitlines()
    items = board(http, sort="flops", offset=4, limit=3)["items"]
    assert [line.split(",")[1] for line in lines[1:]] == [item["hash"] for item in items]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=hash", "sort"),
        ("offset=-1", "offset"),
        ("offset=3&at=abcd", "offset"),
        ("at=abc", "at"),
        ("at=ABCD", "at"),
        ("at=%25%25%25%25", "at"),
        ("sort=flops&cursor=x", "cursor"),
        ("offset=3&cursor=x", "cursor"),
        ("reverse=true&everything=true", "everything"),
    ],
)
def test_what_is_no_view_is_named(http: httpx2.Client, query: str, field: str) -> None:
    refused = http.get(f"/rank?bench={BENCH}&{query}", headers={"Accept": "text/csv"})
    assert refused.status_code == 422
    assert field in [fault["field"] for fault in refused.json()["errors"]]


def test_what_is_known_since_moves_the_rows(http: httpx2.Client) -> None:
    by_accuracy = {"bench": BENCH, "proxy": "params", "sort": "accuracy"}
    before = http.get("/rank", params=by_accuracy)
    first, last = (before.json()["items"][place] for place in (0, -1))
    assert last["accuracy"] is None
    better = {**last["spec"], "value": first["accuracy"] + 1}
    assert http.put("/accuracies", json={**TABLE, "accuracies": [better]}).status_code == 200
    after = http.get("/rank", params=by_accuracy, headers={"If-None-Match": before.headers["ETag"]})
    moved = after.json()["items"][0]
    assert (moved["hash"], moved["accuracy"]) == (last["hash"], better["value"])


@pytest.mark.parametrize("wanted", [{}, {"accuracy": "known"}], ids=str)
def test_what_is_scored_since_has_its_row(http: httpx2.Client, wanted: dict[str, str]) -> None:
    """A board of its own, of what already has an accuracy."""
    by_size = {"bench": BENCH, "proxy": "params", "seed": 7, "sort": "parameters", **wanted}
    trained = board(http, accuracy="known", sort="parameters", limit=1000)["items"]
    begin = len(board(http, **by_size)["items"])
    for number, place in enumerate((begin + 9, begin + 3), 1):
        before = http.get("/rank", params=by_size)
        body = {"bench": BENCH, **trained[place]["spec"], "proxies": ["params"], "seed": 7}
        assert ask(http, body).status_code == 200
        known = {"If-None-Match": before.headers["ETag"]}
        after = http.get("/rank", params=by_size, headers=known).json()
        assert len(after["items"]) == begin + number
        assert trained[place]["hash"] in [item["hash"] for item in after["items"]]


def test_one_board_is_sorted_at_a_time(http: httpx2.Client, running: Running) -> None:
    """Nobody who waits meanwhile has a connection."""
    wanted = [
        {"flops_min": bound, "sort": sort, "limit": 5}
        for bound in range(1, 12)
        for sort in ("parameters", "flops")
    ]
    with ThreadPoolExecutor(len(wanted)) as clients:
        with running.session() as session:
            session.execute(text("LOCK TABLE places IN ACCESS EXCLUSIVE MODE"))
            asked = [clients.submit(board, http, **query) for query in wanted]
            deadline = time.monotonic() + START_S / 2
            while not busy(running):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(0.5)
            assert busy(running) == ["Lock"]
        assert {each.result()["total"] for each in asked} == {board(http)["total"]}


def busy(running: Running) -> list[str]:
    """What each transaction of the API waits for."""
    with running.session() as session:
        return list(
            session.scalars(
                text(
                    "SELECT coalesce(wait_event_type, '') FROM pg_stat_activity WHERE "
                    "datname = current_database() AND backend_type = 'client backend' "
                    "AND query LIKE '%places%' AND query NOT LIKE 'LOCK%' "
                    "AND state <> 'idle' AND pid <> pg_backend_pid()"
                )
            )
        )
