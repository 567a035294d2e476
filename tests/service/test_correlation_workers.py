"""How workers share the evidence, and whom it does not keep waiting."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.db.correlations import SETS
from tests.service.correlating import (
    NO_PATH,
    add_series,
    await_answer,
    complete,
    forget,
    score_some,
    truth,
)
from tests.service.running import Running, ask


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
        add_series(running, "made", truth(scored))
        running.start_worker("worker-reserved", "--reserved")
        for seed in (41, 42):
            body = {"bench": "nb201", **NO_PATH, "proxies": ["params"], "seed": seed}
            assert ask(http, body).status_code == 200
            time.sleep(1)
        assert running.lines("worker-reserved", "correlated") == []
        assert http.get("/correlation?bench=nb201").json()["items"] == []
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
