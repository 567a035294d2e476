"""Jobs over HTTP: events, cancelling, trying again, repeating a request, a full queue."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from service.db import evaluations, leases
from service.db.migrate import migrate
from tests.conftest import ServerUrls
from tests.service.running import QUICK, Running, ask, await_job, client

QUEUE_LIMIT = 60


@pytest.fixture(scope="module")
def running(running: Running) -> Running:
    """The service, its queue soon full."""
    running.end("api")
    running.environment["NASCORE_QUEUE_LIMIT"] = str(QUEUE_LIMIT)
    running.start_api()
    return running


@pytest.fixture(autouse=True)
def nothing_waits(running: Running) -> Iterator[None]:
    """Every test begins without workers and without work."""
    yield
    running.end_workers()
    with running.session() as session:
        session.execute(text("TRUNCATE job_items, jobs, scores, evaluations, leases"))
    running.forget_redis()


@dataclass
class Event:
    name: str
    id: str | None
    data: Any


def events(lines: Iterator[str]) -> Iterator[Event]:
    """As an EventSource reads them: the last id holds until another one comes."""
    name, number, data = "message", None, None
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            number = value
        elif field == "data":
            data = json.loads(value)
        elif not line and data is not None:
            yield Event(name, number, data)
            name, data = "message", None


def follow(http: httpx2.Client, job: str, last: str | None = None) -> list[Event]:
    """Every event up to the end."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with http.stream("GET", f"/jobs/{job}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        return list(events(answer.iter_lines()))


def spellings(n: int, seed: int = 11) -> list[dict[str, object]]:
    """n different networks."""
    found = {r.architecture.hash: r.asked for r in BENCHES["nb201"].sample(3 * n, seed)}
    return list(found.values())[:n]


def submit(http: httpx2.Client, n: int = 5, **more: Any) -> str:
    body = {"bench": "nb201", "proxies": ["params", "nwot"], "architectures": spellings(n), **more}
    answer = ask(http, body, wait=None)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def fail(running: Running, job: str, n: int) -> None:
    """What a worker does that cannot compute n of a job's architectures."""
    lease = uuid4()
    with running.session() as session:
        chunk = leases.claim(session, UUID(job), lease, 60, 64, lambda found: list(found)[:n])
        for claimed in chunk:
            error = {"type": "MemoryError", "detail": "too large"}
            evaluations.fail(session, claimed, lease, error)
    assert len(chunk) == n


def test_every_result_is_an_event_and_the_end_is_one(running: Running, http: httpx2.Client) -> None:
    job = submit(http, 12)
    running.start_worker()
    stream = follow(http, job)
    results = [event for event in stream if event.name == "result"]
    assert [event.id for event in results] == [str(n) for n in range(1, 13)]
    assert sorted(event.data["position"] for event in results) == list(range(12))
    page = http.get(f"/jobs/{job}/results").json()["results"]
    for event in results:
        position = event.data.pop("position")
        assert event.data == page[position]
    steps = [event.data for event in stream if event.name == "progress"]
    assert steps[-1] == {"finished": 12, "size": 12}
    assert [step["finished"] for step in steps] == sorted(step["finished"] for step in steps)
    assert (stream[-1].name, stream[-1].id) == ("end", "12-end")
    assert stream[-1].data == http.get(f"/jobs/{job}").json()


def test_a_stream_goes_on_behind_the_last_event_seen(running: Running, http: httpx2.Client) -> None:
    job = submit(http, 10)
    running.start_worker()
    seen: list[str | None] = []
    with http.stream("GET", f"/jobs/{job}/events") as answer:
        for event in events(answer.iter_lines()):
            seen.append(event.id)
            if event.id == "3":
                break
    running.end("api", 9)
    running.start_api()
    rest = follow(http, job, "3")
    assert [event.id for event in rest if event.name == "result"] == [str(n) for n in range(4, 11)]
    assert follow(http, job, "10")[-1].name == "end"
    over = http.get(f"/jobs/{job}/events", headers={"Last-Event-ID": "10-end"})
    assert (over.status_code, over.text) == (204, "")


def test_events_come_without_redis(running: Running, http: httpx2.Client) -> None:
    nowhere = {"NASCORE_REDIS_URL": "redis://127.0.0.1:1/0"}
    lonely = Running({**running.environment, **nowhere}, running.folder)
    lonely.start_api("lonely-api")
    lonely.start("lonely-worker", "worker")
    try:
        http.get("/healthz")
        job = submit(http)
        for alone in client(lonely):
            assert [e.id for e in follow(alone, job) if e.name == "result"] == list("12345")
    finally:
        lonely.end_all()


def test_followers_of_one_job_all_see_it_all(running: Running, http: httpx2.Client) -> None:
    job = submit(http, 8)
    with ThreadPoolExecutor() as pool:
        heard = [pool.submit(follow, http, job) for _ in range(4)]
        running.start_worker()
    for each in heard:
        stream = each.result()
        assert [e.id for e in stream if e.name == "result"] == [str(n) for n in range(1, 9)]


@pytest.mark.parametrize("last", ["-1", "x", "1-finish", "9" * 10, "1;2"])
def test_an_event_id_that_never_was_is_refused(http: httpx2.Client, last: str) -> None:
    job = submit(http)
    answer = http.get(f"/jobs/{job}/events", headers={"Last-Event-ID": last})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "last-event-id"


def test_cancelling_ends_one_jobs_interest(running: Running, http: httpx2.Client) -> None:
    job, other = submit(http, 6), submit(http, 2)
    cancelled = http.delete(f"/jobs/{job}")
    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["counts"]["cancelled"] == 6
    assert http.delete(f"/jobs/{job}").json() == cancelled.json(), "again changes nothing"
    assert follow(http, job)[-1].data["state"] == "cancelled"
    running.start_worker()
    assert await_job(http, other)["counts"]["done"] == 2
    results = http.get(f"/jobs/{job}/results").json()["results"]
    assert [each["state"] for each in results] == ["done"] * 2 + ["cancelled"] * 4
    assert running.count("evaluations WHERE state = 'queued'") == 0


def test_whoever_waits_is_answered_when_the_job_is_cancelled(
    running: Running, http: httpx2.Client
) -> None:
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": spellings(3)}
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, http, body, wait=60)
        while not running.count("jobs"):
            time.sleep(0.05)
        with running.session() as session:
            job = session.scalar(text("SELECT id FROM jobs"))
        http.delete(f"/jobs/{job}")
    answer = waiting.result()
    assert answer.status_code == 200
    assert {each["state"] for each in answer.json()["results"]} == {"cancelled"}


def test_what_failed_is_tried_again_on_request(running: Running, http: httpx2.Client) -> None:
    job = submit(http, 4)
    fail(running, job, 2)
    running.start_worker()
    first = await_job(http, job)
    assert first["counts"] == {"queued": 0, "running": 0, "done": 2, "failed": 2, "cancelled": 0}
    failed = [e for e in http.get(f"/jobs/{job}/results").json()["results"] if e["error"]]
    assert [each["error"]["detail"] for each in failed] == ["too large"] * 2
    again = http.post(f"/jobs/{job}/retry")
    assert again.status_code == 200
    assert again.json()["state"] == "running" or again.json()["counts"]["done"] == 4
    assert await_job(http, job)["counts"]["done"] == 4
    stream = follow(http, job, "4")
    assert [e.id for e in stream if e.name == "result"] == ["5", "6"], "their second finish"
    assert stream[-1].id == "6-end"
    assert http.post(f"/jobs/{job}/retry").json() == http.get(f"/jobs/{job}").json()


def test_a_cancelled_job_is_not_tried_again(http: httpx2.Client) -> None:
    job = submit(http)
    http.delete(f"/jobs/{job}")
    answer = http.post(f"/jobs/{job}/retry")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:nascore:problem:job-cancelled"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/events"), ("GET", "/results")],
)
def test_a_job_that_never_was_is_not_found(http: httpx2.Client, method: str, path: str) -> None:
    answer = http.request(method, f"/jobs/{uuid4()}{path}")
    assert answer.status_code == 404
    assert http.request(method, f"/jobs/1{path}").status_code == 422


def test_a_repeated_request_with_its_key_is_one_job(running: Running, http: httpx2.Client) -> None:
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": spellings(3)}
    key = {"Idempotency-Key": "a-loop/step-17"}
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, http, body, None, **key) for _ in range(8)]
    answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job"] for answer in answers}) == 1
    assert running.count("jobs") == 1
    running.start_worker()
    later = ask(http, body, **key)
    assert later.status_code == 200
    assert later.json()["job"] == answers[0].json()["job"], "the same answer, its scores known now"
    assert {each["state"] for each in later.json()["results"]} == {"done"}


def test_a_key_with_another_request_is_refused(running: Running, http: httpx2.Client) -> None:
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": spellings(3)}
    key = {"Idempotency-Key": "k"}
    assert ask(http, body, wait=None, **key).status_code == 202
    other = ask(http, {**body, "seed": 1}, wait=None, **key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert running.count("jobs") == 1
    assert ask(http, body, wait=None, **{"Idempotency-Key": ""}).status_code == 422


def test_a_full_queue_takes_no_more_and_live_work_has_room_of_its_own(
    running: Running, http: httpx2.Client
) -> None:
    submit(http, 50, priority="bulk")
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": spellings(11, seed=2)}
    full = ask(http, {**body, "priority": "bulk"}, wait=None)
    assert full.status_code == 503
    assert int(full.headers["Retry-After"]) >= 1
    assert full.json()["type"] == "urn:nascore:problem:queue-full"
    assert "50 architectures of bulk jobs wait" in full.json()["detail"]
    assert running.count("jobs") == 1, "nothing was queued"
    assert ask(http, body, wait=None).status_code == 202
    job = submit(http, 10, priority="bulk")
    http.delete(f"/jobs/{job}")
    assert ask(http, {**body, "seed": 1, "priority": "bulk"}, wait=None).status_code == 503
    submit(http, 10, priority="bulk", seed=1)


def test_what_is_known_is_answered_however_full_the_queue_is(
    running: Running, http: httpx2.Client
) -> None:
    body = {"bench": "nb201", "proxies": ["nwot"], "architectures": spellings(3)}
    running.start_worker()
    assert ask(http, body).status_code == 200
    running.end_workers()
    submit(http, QUEUE_LIMIT, seed=5)
    assert ask(http, body, wait=None).status_code == 200


def test_a_seeded_sample_is_a_job_of_the_architectures_that_the_bench_gives(
    http: httpx2.Client,
) -> None:
    body = {"bench": "nb101", "proxies": ["params"], "sample": {"n": 7, "seed": 5}}
    answer = ask(http, body, wait=None).json()
    drawn = http.get("/benches/nb101/sample", params={"n": 7, "seed": 5}).json()
    assert [each["hash"] for each in answer["results"]] == [
        each["hash"] for each in drawn["architectures"]
    ]
    page = http.get(f"/jobs/{answer['job']}/results").json()
    assert [each["asked"] for each in page["results"]] == [
        each["asked"] for each in drawn["architectures"]
    ]


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"sample": {"n": 0}}, "sample/n", "greater than or equal to 1"),
        ({"sample": {"n": 10**6}}, "sample/n", "1000000 architectures"),
        ({"sample": {"n": 1, "seed": -1}}, "sample/seed", "greater than or equal to 0"),
        ({"sample": {"n": "5"}}, "sample/n", "valid integer"),
        ({"sample": {}}, "sample/n", "required"),
        ({"sample": {"n": 1, "of": "classes"}}, "sample/of", "not permitted"),
        ({"architectures": "some"}, "architectures", "nor 'all'"),
        ({"architectures": 5}, "architectures", "nor 'all'"),
        ({"architectures": "all", "sample": {"n": 1}}, "architecture", "exactly one way"),
        ({"architectures": "all"}, "architectures", "423624 architectures"),
    ],
)
def test_a_wish_that_is_none_is_refused(
    running: Running, http: httpx2.Client, more: dict[str, Any], field: str, says: str
) -> None:
    answer = ask(http, {"bench": "nb101", **more}, wait=None)
    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert fault["field"] == field
    assert says in fault["detail"]
    assert running.count("jobs") == 0


def test_ended_jobs_are_purged_and_their_scores_stay(running: Running, http: httpx2.Client) -> None:
    running.environment["NASCORE_JOB_DAYS"] = "0"
    try:
        running.start_worker()
        job = submit(http, 3)
        while http.get(f"/jobs/{job}").status_code != 404:
            time.sleep(0.1)
    finally:
        del running.environment["NASCORE_JOB_DAYS"]
    assert running.count("job_items") == 0
    assert running.count("scores") == 6
    body = {"bench": "nb201", "proxies": ["params", "nwot"], "architectures": spellings(3)}
    assert ask(http, body, wait=None).status_code == 200


def test_all_of_a_bench_is_one_request(
    servers: ServerUrls, running: Running, database_url: str, http: httpx2.Client
) -> None:
    roomy = Running(
        {**running.environment, **QUICK, "NASCORE_QUEUE_LIMIT": "100000"}, running.folder
    )
    migrate(database_url)
    roomy.start_api("roomy-api")
    try:
        for other in client(roomy):
            body = {"bench": "nb201", "proxies": ["params"], "architectures": "all"}
            answer = ask(other, body, wait=None)
            assert answer.status_code == 202
            hashes = [each["hash"] for each in answer.json()["results"]]
            assert len(set(hashes)) == len(hashes) == 5260
            assert hashes == sorted(hashes)
            job = other.get(f"/jobs/{answer.json()['job']}").json()
            assert (job["priority"], job["counts"]["queued"]) == ("bulk", 5260)
    finally:
        roomy.end_all()
