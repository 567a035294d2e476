"""GET /rank of what a filter leaves, and all rows at once."""

import csv
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from service.db import scores
from tests.service.running import Running, ask

CSV = {"Accept": "text/csv"}
KNOWN = 15
BOARDS = [("nb201", "params"), ("nb201", "plain"), ("nb101", "params"), ("nb101", "snip")]

Rows = dict[str, dict[str, Any]]


def put_accuracies(http: httpx2.Client, bench: str, name: str, rows: list[Any]) -> None:
    table = {
        "bench": bench,
        "dataset": "cifar10",
        "split": "test",
        "epochs": 200,
        "source": "a test",
        "name": name,
        "accuracies": [{**spec, "value": 90.0} for spec in rows],
    }
    answer = http.put("/accuracies", json=table)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def scored(worker: Running) -> dict[str, Rows]:
    """By bench and hash: size, whether an accuracy is known, and scores.

    Half of the accuracies were there before the scores, the others came after them.
    """
    found: dict[str, Rows] = {}
    with httpx2.Client(base_url=worker.address, timeout=120.0) as http:
        for name in ("nb101", "nb201"):
            bench = BENCHES[name]
            sample = {r.architecture.hash: r.architecture.spec for r in bench.sample(36, 8)}
            known = list(sample)[:KNOWN]
            put_accuracies(http, name, "before", [sample[key] for key in known[:10]])
            body = {
                "bench": name,
                "architectures": list(sample.values()),
                "proxies": ["params", "plain", "snip"],
            }
            answer = ask(http, body, wait=120)
            assert answer.status_code == 200, answer.text
            # Some are in both tables.
            put_accuracies(http, name, "after", [sample[key] for key in known[5:]])
            found[name] = {}
            for result in answer.json()["results"]:
                graph = bench.graph(result["spec"], bench.skeletons["full"], 10)
                found[name][result["hash"]] = {
                    **result["scores"],
                    "parameters": graph.parameters,
                    "flops": graph.flops,
                    "known": result["hash"] in known,
                }
    return found


def queries(rows: Rows) -> list[dict[str, Any]]:
    """Filters at, between and around the sizes that there are."""
    sizes = {name: sorted({row[name] for row in rows.values()}) for name in ("parameters", "flops")}
    found: list[dict[str, Any]] = [{}, {"accuracy": "known"}]
    for name, values in sizes.items():
        low, middle, high = (values[len(values) * k // 4] for k in (1, 2, 3))
        found += [
            {f"{name}_min": middle},
            {f"{name}_max": middle},
            {f"{name}_min": middle + 1},
            {f"{name}_max": middle - 1},
            {f"{name}_min": low, f"{name}_max": high},
            {f"{name}_min": middle, f"{name}_max": middle},
            {f"{name}_max": 0},
            {f"{name}_min": 2**62 - 1},
            {f"{name}_min": low, "accuracy": "known"},
        ]
    p, f = sizes["parameters"], sizes["flops"]
    found.append({"parameters_min": p[len(p) // 3], "flops_max": f[2 * len(f) // 3]})
    return found


def leaves(query: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(
        query.get(f"{name}_min", 0) <= row[name] <= query.get(f"{name}_max", 2**62)
        for name in ("parameters", "flops")
    ) and (row["known"] or "accuracy" not in query)


def pages(http: httpx2.Client, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    answer = http.get("/rank", params=query)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if answer.json()["next"] is None:
            return
        answer = http.get(answer.links["next"]["url"])


@pytest.mark.parametrize(("bench", "proxy"), BOARDS)
@pytest.mark.parametrize("limit", [4, 1_000])
def test_a_filter_leaves_what_it_says_in_the_boards_order(
    http: httpx2.Client, scored: dict[str, Rows], bench: str, proxy: str, limit: int
) -> None:
    board = {"bench": bench, "proxy": proxy, "limit": limit}
    whole = [item for page in pages(http, board) for item in page["items"]]
    assert whole
    for query in queries(scored[bench]):
        found = list(pages(http, {**board, **query}))
        items = [item for page in found for item in page["items"]]
        wanted = [item for item in whole if leaves(query, scored[bench][item["hash"]])]
        assert [i["hash"] for i in items] == [i["hash"] for i in wanted], query
        assert {page["total"] for page in found} == {len(wanted)}, query
        values = [item["score"] for item in items]
        # The first of its equals has the rank of all.
        assert [item["rank"] for item in items] == [1 + values.index(v) for v in values], query


def test_a_cursor_and_a_tag_are_of_one_filter(http: httpx2.Client, scored: dict[str, Rows]) -> None:
    tags = []
    for query in queries(scored["nb201"]):
        answer = http.get("/rank", params={"bench": "nb201", "proxy": "params", **query})
        tags.append(answer.headers["ETag"])
        same = http.get(str(answer.request.url), headers={"If-None-Match": tags[-1]})
        assert same.status_code == 304
    assert len(set(tags)) == len(tags)
    board = {"bench": "nb201", "proxy": "params", "limit": 2}
    cursor = http.get("/rank", params={**board, "parameters_min": 100_000}).json()["next"]
    for other in ({}, {"parameters_min": 100_001}, {"flops_min": 100_000}):
        refused = http.get("/rank", params={**board, **other, "cursor": cursor})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "cursor"


def test_an_accuracy_that_comes_later_changes_the_tag(
    http: httpx2.Client, scored: dict[str, Rows]
) -> None:
    asked = {"bench": "nb201", "proxy": "params", "accuracy": "known"}
    before = http.get("/rank", params=asked)
    known = {item["hash"] for item in before.json()["items"]}
    everybody = http.get("/rank", params={**asked, "accuracy": []}).json()["items"]
    fresh = next(item for item in everybody if item["hash"] not in known)
    put_accuracies(http, "nb201", "later", [fresh["spec"]])
    after = http.get("/rank", params=asked, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert {item["hash"] for item in after.json()["items"]} == known | {fresh["hash"]}
    scored["nb201"][fresh["hash"]]["known"] = True


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("parameters_min=3&parameters_max=2", "parameters_min"),
        ("flops_min=3&flops_max=2", "flops_min"),
        ("flops_min=-1", "flops_min"),
        ("flops_max=many", "flops_max"),
        (f"parameters_max={2**62}", "parameters_max"),
        ("accuracy=unknown", "accuracy"),
        ("everything=true", "everything"),
    ],
)
def test_what_is_no_filter_is_named(http: httpx2.Client, query: str, field: str) -> None:
    refused = http.get(f"/rank?bench=nb201&{query}", headers={"Accept": "application/json"})
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert field in refused.json()["errors"][0]["field"]


@pytest.fixture(scope="module")
def in_small_pages(
    running: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """Another API of the same service, which reads seven rows at once."""
    folder: Path = tmp_path_factory.mktemp("small")
    other = Running({**running.environment, "NASCORE_PAGE_LIMIT": "7"}, folder)
    try:
        other.start_api()
        with httpx2.Client(base_url=other.address, timeout=120.0) as http:
            yield http
    finally:
        other.end_all()


@pytest.mark.parametrize(("bench", "proxy"), BOARDS)
def test_everything_is_all_pages_in_order(
    in_small_pages: httpx2.Client, scored: dict[str, Rows], bench: str, proxy: str
) -> None:
    for query in queries(scored[bench])[:4]:
        board = {"bench": bench, "proxy": proxy, **query}
        items = [i for page in pages(in_small_pages, board) for i in page["items"]]
        answer = in_small_pages.get("/rank", params={**board, "everything": True}, headers=CSV)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        rows = list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))
        found = [(int(row["rank"]), row["hash"], float(row["score"])) for row in rows]
        assert found == [(i["rank"], i["hash"], i["score"]) for i in items]
        known = {**CSV, "If-None-Match": answer.headers["ETag"]}
        again = in_small_pages.get("/rank", params={**board, "everything": True}, headers=known)
        assert again.status_code == 304


def test_everything_has_no_cursor(http: httpx2.Client, scored: dict[str, Rows]) -> None:
    board = "/rank?bench=nb201&proxy=params"
    cursor = http.get(f"{board}&limit=2").json()["next"]
    refused = http.get(f"{board}&everything=true&cursor={cursor}", headers=CSV)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "cursor"


def test_an_empty_board_is_a_header(http: httpx2.Client) -> None:
    # A browser, whose links cannot say CSV, is sent it as well.
    answer = http.get("/rank?bench=nb201&seed=9&everything=true&accuracy=known")
    assert answer.text == "rank,hash,score,accuracy,parameters,flops,arch\r\n"


def test_scores_and_accuracies_that_come_at_once_find_each_other(
    http: httpx2.Client, running: Running, scored: dict[str, Rows]
) -> None:
    """Neither transaction sees the other's rows: the accuracies wait for the scores."""
    known = {"bench": "nb201", "proxy": "params", "seed": 3, "accuracy": "known"}
    before = http.get("/rank", params=known).json()
    assert before["total"] == 0
    ask(http, {"bench": "nb201", **BENCHES["nb201"].example, "proxies": ["nwot"], "seed": 3})
    digest = before["protocol"]["digest"]
    spelling = BENCHES["nb201"].example
    reading = BENCHES["nb201"].read(spelling)
    with ThreadPoolExecutor(1) as pool:
        with running.session() as session:
            ids = (
                "SELECT a.id, p.id FROM architectures a, protocols p "
                "WHERE a.bench = 'nb201' AND a.hash = :h AND p.digest = :d"
            )
            found = session.execute(text(ids), {"h": reading.architecture.hash, "d": digest}).one()
            score = {
                "architecture_id": found[0],
                "protocol_id": found[1],
                "proxy": "params",
                "revision": 1,
                "value": 7.0,
                "undefined": None,
                "device": "none",
                "torch": "none",
                "seconds": 0.0,
            }
            scores.store(session, [score])
            written = pool.submit(put_accuracies, http, "nb201", "at-once", [spelling])
            with pytest.raises(TimeoutError):
                written.result(1.0)
        written.result(60.0)
    after = http.get("/rank", params=known).json()
    assert [(item["hash"], item["score"]) for item in after["items"]] == [
        (reading.architecture.hash, 7.0)
    ]
    assert after["total"] == 1
