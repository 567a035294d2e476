"""What the service does: lists of jobs, the queue, the rate, the workers, and the events of all."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from service.db import evaluations, leases
from service.db.workers import Identity, seen
from tests.service.running import Running, ask, await_job

SETTINGS = {"NASCORE_LOOK_SECONDS": "0.1", "NASCORE_QUEUE_LIMIT": "1000"}

WATCHING = 20

SECRETS = ("step-17", "nor_conv", "request")
"""Of a request: its key, its spelling, and its id."""


@pytest.fixture(autouse=True)
def nothing_waits(running: Running) -> Iterator[None]:
    """Every test begins without workers and without work."""
    yield
    running.end_workers()
    running.forget_scores()
    with running.session() as session:
        session.execute(text("TRUNCATE throughput, workers"))
    running.forget_redis()


def submit(http: httpx2.Client, n: int, seed: int = 0, **more: Any) -> str:
    found = {r.architecture.hash: r.asked for r in BENCHES["nb201"].sample(3 * n, 7)}
    asked = list(found.values())[:n]
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": asked, "seed": seed, **more}
    answer = ask(http, body, wait=None, **{"Idempotency-Key": f"step-17/{uuid4()}"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def hold(running: Running, job: str, n: int) -> tuple[UUID, UUID]:
    """A worker that has n of a job's architectures in hand, and its lease."""
    worker, lease = uuid4(), uuid4()
    with running.session() as session:
        seen(session, Identity(worker, "a-host", 17, "cuda:0", "2.0"))
        leases.claim(
            session, UUID(job), lease, 60, 64, lambda found: list(found)[:n], worker=worker
        )
    return worker, lease


def fail(running: Running, job: str, reasons: list[tuple[str, str]]) -> None:
    """What a worker does that cannot compute some of a job's architectures."""
    lease = uuid4()
    with running.session() as session:
        number = len(reasons)
        chunk = leases.claim(session, UUID(job), lease, 60, 64, lambda found: list(found)[:number])
        for claimed, (kind, detail) in zip(chunk, reasons, strict=True):
            evaluations.fail(session, claimed, lease, {"type": kind, "detail": detail})


def until(http: httpx2.Client, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The state of the service once something holds of it."""
    deadline = time.monotonic() + 60
    while True:
        state: dict[str, Any] = http.get("/work").json()
        if holds(state):
            return state
        assert time.monotonic() < deadline, state
        time.sleep(0.1)


def test_jobs_are_listed_newest_first_and_page_by_page(http: httpx2.Client) -> None:
    jobs = [submit(http, 2, seed) for seed in range(5)]
    bulk = submit(http, 1, 9, priority="bulk")
    http.delete(f"/jobs/{jobs[0]}")
    whole = http.get("/jobs").json()
    assert [each["job"] for each in whole["jobs"]] == [bulk, *reversed(jobs)]
    assert whole["next"] is None
    paged: list[str] = []
    address: str | None = "/jobs?limit=2&priority=live"
    while address is not None:
        answer = http.get(address)
        paged += [each["job"] for each in answer.json()["jobs"]]
        address = answer.links.get("next", {}).get("url")
    assert paged == list(reversed(jobs))
    cancelled = http.get("/jobs", params={"state": "cancelled"}).json()["jobs"]
    assert [(each["job"], each["finished"], each["size"]) for each in cancelled] == [
        (jobs[0], 0, 2)
    ]
    assert http.get("/jobs", params={"state": "queued"}).status_code == 422
    assert http.get("/jobs", params={"cursor": "1"}).status_code == 422


def test_nobody_is_told_what_others_asked(http: httpx2.Client) -> None:
    submit(http, 3)
    for path in ("/jobs", "/work"):
        told = http.get(path).text
        assert not [secret for secret in SECRETS if secret in told]


def test_what_failed_is_told_by_reason(running: Running, http: httpx2.Client) -> None:
    job, other = submit(http, 5), submit(http, 2, 1)
    large = ("too-large", "needs 3 GB"), ("too-large", "needs 3 GB"), ("too-large", "needs 9 GB")
    fail(running, job, [*large, ("out-of-memory", "twice")])
    listed = {each["job"]: each for each in http.get("/jobs").json()["jobs"]}
    assert (listed[job]["finished"], listed[job]["failed"]) == (4, 4)
    assert listed[other]["reasons"] == []
    hashes = [each["hash"] for each in http.get(f"/jobs/{job}/results").json()["results"]]
    reasons = listed[job]["reasons"]
    assert reasons == [
        {
            "type": "too-large",
            "detail": "needs 3 GB",
            "architectures": 3,
            "hashes": hashes[:3],
        },
        {
            "type": "out-of-memory",
            "detail": "twice",
            "architectures": 1,
            "hashes": hashes[3:4],
        },
    ]
    assert http.get(f"/jobs/{job}").json()["reasons"] == reasons
    http.post(f"/jobs/{job}/retry")
    assert http.get("/jobs").json()["jobs"][1]["reasons"] == []


def test_the_queue_counts_what_waits_and_says_no_time_without_a_worker(
    http: httpx2.Client,
) -> None:
    live, _ = submit(http, 3), submit(http, 7, 1, priority="bulk")
    state = until(http, lambda state: state["queue"]["bulk"]["jobs"])
    nothing = {"jobs": 0, "architectures": 0, "seconds_left": None}
    assert state["queue"] == {
        "live": {"jobs": 1, "architectures": 3, "seconds_left": None},
        "bulk": {"jobs": 1, "architectures": 7, "seconds_left": None},
        "background": nothing,
    }
    assert state["workers"] == []
    assert http.get(f"/jobs/{live}").json()["seconds_left"] is None


def test_a_worker_is_shown_with_what_it_has_in_hand(running: Running, http: httpx2.Client) -> None:
    job = submit(http, 12)
    worker, lease = hold(running, job, 10)
    state = until(http, lambda state: state["in_hand"])
    (shown,) = state["workers"]
    names = {"id": str(worker), "host": "a-host", "pid": 17, "device": "cuda:0", "torch": "2.0"}
    assert names.items() <= shown.items()
    hashes = [each["hash"] for each in http.get(f"/jobs/{job}/results").json()["results"]]
    (task,) = shown["tasks"]
    assert len(set(task["hashes"]) & set(hashes[:10])) == 8
    assert task == {
        "kind": "scores",
        "job": job,
        "bench": "nb201",
        "protocol": "fast",
        "architectures": 10,
        "hashes": task["hashes"],
        "epoch": None,
        "epochs": None,
        "question": None,
    }
    with running.session() as session:
        leases.release(session, lease)
    assert until(http, lambda state: not state["in_hand"])["workers"][0]["tasks"] == []


def test_what_workers_do_is_counted_and_tells_how_long_the_rest_takes(
    running: Running, http: httpx2.Client
) -> None:
    running.start_worker()
    await_job(http, submit(http, 20))
    state = until(http, lambda state: state["rate"]["per_second"])
    assert 0 < state["rate"]["per_second"] <= 1, "twenty in twenty seconds or more"
    assert state["workers"][0]["per_second"] == state["rate"]["per_second"]
    with running.session() as session:
        counted = session.execute(text("SELECT sum(evaluated), sum(failed) FROM throughput")).one()
    assert counted == (20, 0)
    job = submit(http, 300, 1, priority="bulk")
    while (shown := http.get(f"/jobs/{job}").json())["state"] == "running":
        if shown["seconds_left"] is not None:
            break
        time.sleep(0.05)
    assert shown["seconds_left"] > 0
    assert shown["seconds_left"] < 300, "each of them takes some milliseconds"


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def watch(address: str, job: Future[str]) -> list[tuple[str, Any]]:
    """What somebody hears until the job has ended."""
    heard = []
    with httpx2.Client(base_url=address, timeout=60.0) as http, http.stream("GET", "/events") as on:
        assert on.headers["Content-Type"].startswith("text/event-stream")
        for name, data in events(on.iter_lines()):
            heard.append((name, data))
            if name == "job" and data["job"] == job.result() and data["state"] == "done":
                return heard
    raise AssertionError(heard)


def test_however_many_watch_all_hear_of_a_job_with_redis_and_without(
    running: Running, http: httpx2.Client
) -> None:
    nowhere = {"NASCORE_REDIS_URL": "redis://127.0.0.1:1/0"}
    lonely = Running({**running.environment, **nowhere}, running.folder)
    lonely.start_api("lonely-api")
    running.start_worker()
    job: Future[str] = Future()
    try:
        # More than there are connections to the database.
        with ThreadPoolExecutor(WATCHING + 1) as pool:
            on = [running.address] * WATCHING + [lonely.address]
            listeners = [pool.submit(watch, address, job) for address in on]
            time.sleep(1)
            assert http.get("/work").status_code == 200, "they hold none"
            job.set_result(submit(http, 30))
        for each in listeners:
            heard = each.result()
            assert heard[0][0] == "work", "the state comes first"
            told = [data for name, data in heard if name == "job"]
            assert {data["job"] for data in told} == {job.result()}
            finished = [data["finished"] for data in told]
            assert finished == sorted(finished)
            assert finished[-1] == 30
            assert not [secret for secret in SECRETS if secret in json.dumps(heard)]
    finally:
        lonely.end_all()
