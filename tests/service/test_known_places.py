"""The filter `accuracy=known` follows the accuracies, by whatever way they change."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.accuracies import Intake, Speller, accuracy
from service.benches import BENCHES
from service.db import accuracy_writes, known
from tests.service.running import START_S, Running, score_all
from tests.service.test_accuracies import put, table
from tests.service.test_large_tables import nascore

NB201 = BENCHES["nb201"]
SAMPLE = {r.architecture.hash: dict(r.asked) for r in NB201.sample(40, 31)}
HASHES = sorted(SAMPLE)
BOARD = {"bench": "nb201", "proxy": "params", "accuracy": "known"}


@pytest.fixture(autouse=True)
def no_series(running: Running) -> Iterator[None]:
    """None is left by a test that failed in the middle, for the next one to find."""
    yield
    with running.session() as session:
        session.execute(text("DELETE FROM series"))


def score(http: httpx2.Client, hashes: list[str]) -> None:
    score_all(http, "nb201", [SAMPLE[each] for each in hashes], proxies=["params", "plain"])


def rows(hashes: list[str], value: float = 50.0) -> list[dict[str, Any]]:
    return [{**SAMPLE[each], "value": value} for each in hashes]


def listed(http: httpx2.Client) -> set[str]:
    answer = http.get("/rank", params=BOARD).json()
    assert answer["total"] == len(answer["items"])
    return {item["hash"] for item in answer["items"]}


def remove(running: Running, name: str) -> None:
    done = nascore(running, "remove", "nb201", name)
    assert done.returncode == 0, done.stderr


def test_a_series_that_is_removed_leaves_nothing(http: httpx2.Client, worker: Running) -> None:
    score(http, HASHES)
    before = listed(http)
    put(http, table(rows(HASHES[:20]), name="one"))
    put(http, table(rows(HASHES[10:30]), name="two", epochs=300))
    assert listed(http) == before | {*HASHES[:30]}
    tag = http.get("/rank", params=BOARD).headers["ETag"]
    remove(worker, "one")
    assert listed(http) == before | {*HASHES[10:30]}
    assert http.get("/rank", params=BOARD, headers={"If-None-Match": tag}).status_code == 200
    assert nascore(worker, "remove", "nb201", "one").returncode == 1
    remove(worker, "two")
    assert listed(http) == before
    assert [s["name"] for s in http.get("/accuracies?bench=nb201").json()["series"]] == []
    put(http, table(rows(HASHES[:20]), name="one"))
    assert listed(http) == before | {*HASHES[:20]}
    remove(worker, "one")


def test_what_a_process_left_unplaced_a_worker_places(http: httpx2.Client, worker: Running) -> None:
    score(http, HASHES)
    facts = accuracy("nb201", "cifar10", "test", 200, "a test", name="left")
    intake = Intake(Speller(NB201), 100, facts.span)
    for row in rows(HASHES[5:9]):
        intake.take(row)
    with worker.session() as session:
        accuracy_writes.write(session, facts, intake.parts())
    intake.close()
    deadline = time.monotonic() + START_S
    while listed(http) != {*HASHES[5:9]}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    remove(worker, "left")


def test_scores_and_accuracies_that_come_at_once_miss_nothing(
    http: httpx2.Client, worker: Running
) -> None:
    worker.forget_scores()
    parts = [HASHES[start : start + 5] for start in range(0, 40, 5)]
    with ThreadPoolExecutor(3) as pool:
        scored = [pool.submit(score, http, part) for part in parts]
        told = [
            pool.submit(put, http, table(rows(part, 60.0), name=f"part-{n}"))
            for n, part in enumerate(parts)
        ]
        assert [each.result().status_code for each in told] == [200] * len(parts)
        for each in scored:
            each.result()
    assert listed(http) == {*HASHES}
    for n in range(len(parts)):
        remove(worker, f"part-{n}")
    assert listed(http) == set()


def test_a_page_and_its_total_are_of_one_moment(http: httpx2.Client, worker: Running) -> None:
    score(http, HASHES)

    def flicker() -> None:
        for _ in range(30):
            assert put(http, table(rows(HASHES), name="flickers")).status_code == 200
            with worker.session() as session:
                session.execute(text("DELETE FROM series"))

    with ThreadPoolExecutor(1) as pool:
        flickering = pool.submit(flicker)
        while not flickering.done():
            listed(http)
        flickering.result()


def test_counts_are_kept_and_the_widest_series_is_the_default(
    http: httpx2.Client, worker: Running
) -> None:
    seeds = [{**row, "seed": seed} for row in rows(HASHES[:10]) for seed in range(3)]
    put(http, table(seeds, name="wide", split="validation", epochs=12))
    put(http, table(rows(HASHES[:1]), name="narrow", epochs=999_999))
    (wide, narrow) = http.get("/accuracies?bench=nb201").json()["series"]
    assert (wide["values"], wide["architectures"]) == (30, 10)
    assert (narrow["values"], narrow["architectures"]) == (1, 1)
    assert http.get("/rank?bench=nb201").json()["truth"] == "wide"
    put(
        http,
        table(
            [{**seeds[0], "value": 1.0}, *rows(HASHES[10:12])],
            name="wide",
            split="validation",
            epochs=12,
        ),
    )
    (wide, _) = http.get("/accuracies?bench=nb201").json()["series"]
    assert (wide["values"], wide["architectures"], wide["changes"]) == (32, 12, 2)
    with worker.session() as session:
        assert known.waiting(session) == []
        session.execute(text("TRUNCATE series_values"))
    assert listed(http) == set()
    assert {s["values"] for s in http.get("/accuracies?bench=nb201").json()["series"]} == {0}


def test_a_table_without_a_value_is_no_series(http: httpx2.Client, running: Running) -> None:
    before = running.count("series")
    for given in ([], [{**SAMPLE[HASHES[0]], "value": None}]):
        answer = put(http, table(given, name="empty", epochs=999_999))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["detail"] == "no row has a value"
    assert running.count("series") == before
