"""How workers share the evidence, and whom it does not keep waiting."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.db.questions import SETS
from tests.service.correlating import (
    NB201,
    NO_PATH,
    PROXIES,
    add_series,
    await_answer,
    complete,
    forget,
    score_some,
    truth,
)
from tests.service.running import Running, ask, score_all


@pytest.fixture(scope="module")
def scored(worker: Running) -> dict[str, dict[str, float | None]]:
    return score_some(worker)


@pytest.fixture(autouse=True)
def clean(running: Running) -> Iterator[None]:
    yield
    forget(running)


def test_two_workers_share_the_work_and_live_work_goes_first(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    running.end_workers()
    try:
        running.start_worker("worker-a")
        running.start_worker("worker-b")
        for number in range(6):
            add_series(running, f"made-{number}", truth(scored, number))
        live = ask(http, {"bench": "nb201", **NO_PATH, "proxies": ["nwot"], "seed": 21})
        assert live.status_code == 200
        waiting = [
            http.get(f"/correlation?bench=nb201&truth=made-{n}&members=whole_spellings").json()
            for n in range(6)
        ]
        # It was answered between two of them.
        assert any(answer["missing"] for answer in waiting)
        for number in range(6):
            for members in SETS:
                await_answer(http, f"truth=made-{number}&members={members}", complete)
        done = [
            [line["question"] for line in running.lines(name, "correlated")]
            for name in ("worker-a", "worker-b")
        ]
        assert all(done)
        together = [question for each in done for question in each if "/made-" in question]
        # Three proxies and nothing else in the default protocol; one more under the other seed.
        assert len(together) == len(set(together)) >= 6 * 3 * 3
        with running.session() as session:
            assert session.execute(text("SELECT count(*) FROM leases")).scalar_one() == 0
    finally:
        running.end_workers()
        running.start_worker()


def test_a_busy_worker_finds_time(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    running.end_workers()
    try:
        add_series(running, "made", truth(scored))
        body = {"bench": "nb201", "sample": {"n": 150, "seed": 3}, "seed": 31, "priority": "bulk"}
        job = ask(http, body, wait=None).json()["job"]
        running.start_worker("worker-busy", NASCORE_CHUNK_SECONDS="0.05")
        await_answer(http, "", lambda now: len(now["items"]) == 3)
        counts = http.get(f"/jobs/{job}").json()["counts"]
        assert counts["queued"] > 0
        http.delete(f"/jobs/{job}")
    finally:
        running.end_workers()
        running.start_worker()


def test_a_reserved_worker_leaves_it_to_others(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    running.end_workers()
    try:
        running.start_worker("worker-reserved", "--reserved")
        body = {"bench": "nb201", **NO_PATH, "proxies": ["params"], "seed": 41}
        assert ask(http, body).status_code == 200
        running.start_worker("worker-beside")
        for number in range(6):
            add_series(running, f"made-{number}", truth(scored, number))
        for number in range(6):
            for members in SETS:
                await_answer(http, f"truth=made-{number}&members={members}", complete)
        # Two that are not reserved share it, as above.
        assert len(running.lines("worker-beside", "correlated")) == 6 * 3 * 3
        assert running.lines("worker-reserved", "correlated") == []
    finally:
        running.end_workers()
        running.start_worker()


def test_a_killed_workers_question_is_answered_by_the_next(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    running.end_workers()
    try:
        for number in range(4):
            add_series(running, f"made-{number}", truth(scored, number))
        running.start_worker("worker-killed")
        deadline = time.monotonic() + 60
        while not running.lines("worker-killed", "correlated"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.end("worker-killed", 9)
        running.start_worker("worker-next")
        for number in range(4):
            await_answer(http, f"truth=made-{number}", complete)
    finally:
        running.end_workers()
        running.start_worker()


def test_another_seed_does_not_delay_the_default_board(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    spellings = [reading.asked for reading in NB201.sample(40, 5)]
    score_all(http, "nb201", spellings, proxies=PROXIES, seed=61)
    running.end_workers()
    try:
        for number in range(2):
            add_series(running, f"made-{number}", truth(scored, number))
        running.start_worker("worker-orders")
        for number in range(2):
            for members in SETS:
                for seed in (0, 61):
                    query = f"truth=made-{number}&members={members}&seed={seed}"
                    assert len(await_answer(http, query, complete)["items"]) == 3
        digest = http.get("/correlation?bench=nb201").json()["protocol"]["digest"]
        asked = [line["question"] for line in running.lines("worker-orders", "correlated")]
        default = [question.endswith(f"/{digest}") for question in asked]
        assert default == [True] * 18 + [False] * 18
        sets = [question.split("/")[2] for question in asked[:18]]
        assert sets == [members for members in SETS for _ in range(6)]
    finally:
        running.end_workers()
        running.start_worker()


def test_accuracies_that_arrive_need_not_wait_for_the_end_of_a_list(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    running.end_workers()
    try:
        for number in range(60):
            add_series(running, f"made-{number}", truth(scored, number))
        running.start_worker("worker-lists")
        await_answer(http, "truth=made-0", complete)
        add_series(running, "late", truth(scored, 60))
        assert len(await_answer(http, "truth=late", complete)["items"]) == 3
        last = http.get("/correlation?bench=nb201&truth=made-59&members=whole_spellings").json()
        assert last["items"] == []
    finally:
        running.end_workers()
        running.start_worker()
