"""Whoever holds rows or a bench for long holds up neither requests nor the other benches."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.benches import BENCHES
from service.db.known import LOCK
from tests.service.running import START_S, Running, ask, await_job
from tests.service.test_refusals import problem

HELD = [
    # As it is while accuracies are placed, and while an ensemble is added.
    f"SELECT pg_advisory_xact_lock({LOCK}, hashtext('nb201'))",
    "SELECT id FROM protocols WHERE bench = 'nb201' FOR NO KEY UPDATE",
]
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def until_one_waits(holder: Session) -> None:
    deadline = time.monotonic() + START_S
    while holder.execute(text(WAITING)).scalar_one() == 0:
        assert time.monotonic() < deadline, "nobody waits for what is held"
        holder.execute(text("SELECT pg_stat_clear_snapshot()"))
        time.sleep(0.05)


@pytest.mark.parametrize("held", HELD)
def test_requests_go_on_while_a_worker_waits_to_write(
    http: httpx2.Client, worker: Running, held: str
) -> None:
    seed = HELD.index(held)
    specs = [reading.architecture.spec for reading in BENCHES["nb201"].sample(3, seed)]
    body = {"bench": "nb201", "architectures": specs, "proxies": ["params"]}
    with worker.session() as holder:
        holder.execute(text(held))
        job = ask(http, body, wait=None).json()["job"]
        until_one_waits(holder)
        # More than the pool has connections, all for what the worker has at hand.
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: ask(http, body, wait=None), range(12)))
        assert [answer.status_code for answer in answers] == [202] * 12
        assert http.get("/readyz").status_code == 200
        other = {"bench": "nb101", "sample": {"n": 2, "seed": seed}, "proxies": ["params"]}
        assert ask(http, other, wait=None).status_code == 202
        assert http.get("/rank?bench=nb101").status_code == 200
    assert await_job(http, job)["counts"]["done"] == 3


def test_who_waits_too_long_for_rows_is_told_to_come_back(
    http: httpx2.Client, worker: Running
) -> None:
    body = {"bench": "nb201", "sample": {"n": 2, "seed": 9}, "proxies": ["params"]}
    assert ask(http, body).status_code == 200
    more = {**body, "proxies": ["flops"]}
    with worker.session() as holder:
        holder.execute(text("SELECT id FROM evaluations FOR UPDATE"))
        with ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(ask, http, more, None) for _ in range(12)]
            answers = [each.result() for each in asked]
        for answer in answers:
            assert problem(answer, 503)["type"] == "urn:nascore:problem:database-away"
            assert int(answer.headers["Retry-After"]) > 0
        assert http.get("/readyz").status_code == 200
    assert ask(http, more).status_code == 200
