"""The Python client at a live service, and its calls step by step where a service would not do."""

import asyncio
import inspect
import json
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from math import inf
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.api.app import create_app
from service.benches import BENCHES
from service.client import (
    AsyncClient,
    Client,
    ServiceError,
    answers,
    backoff,
    options,
)
from service.client.calls import Calls
from service.client.rows import Rows
from service.client.steps import Done, Found, More, Pause, Reply, Request, Steps, advance
from service.settings import Settings
from tests.service.running import Running, free_port

LIMIT = 13
"""Architectures of a request: three requests for thirty."""

SETTINGS = {"NASCORE_ARCHITECTURES_LIMIT": str(LIMIT)}

CHEAP = ["params"]

TABLE = "hash,value,seed,arch\r\nh1,84.2,0,a\r\nh1,84.5,1,a\r\nh2,10.0,,b\r\n"


def spellings(n: int, seed: int) -> list[dict[str, Any]]:
    return [reading.asked for reading in BENCHES["nb201"].sample(n, seed)]


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.address) as client:
        yield client


@pytest.fixture
def scoring(running: Running) -> Running:
    if "worker" not in running.processes:
        running.start_worker()
    return running


def ids(service: Running) -> list[str]:
    with service.session() as session:
        return [str(found) for found in session.execute(text("SELECT id FROM jobs")).scalars()]


def await_jobs(service: Running, n: int) -> None:
    deadline = time.monotonic() + 30
    while len(ids(service)) < n:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Before there is a worker: what is asked for stays queued.


def test_without_a_wait_it_says_what_is_known_now(client: Client, running: Running) -> None:
    asked = spellings(30, 1)
    scores = client.score("nb201", asked, proxies=CHEAP)
    assert [result["asked"] for result in scores["results"]] == asked
    assert {result["state"] for result in scores["results"]} == {"queued"}
    assert set(scores["jobs"]) == set(ids(running))
    assert len(scores["jobs"]) == 3
    assert client.wait(scores["jobs"][0], 0.2)["state"] == "running"
    listed = list(client.jobs(state="running", priority="live"))
    assert [job["job"] for job in listed] == scores["jobs"][::-1]
    assert [job["size"] for job in listed] == [4, LIMIT, LIMIT]
    assert list(client.jobs(state="done")) == []
    assert client.work()["queue"]["live"]["architectures"] == len(asked)
    assert client.job(scores["jobs"][0])["counts"]["queued"] > 0
    assert [r["asked"] for r in client.results(scores["jobs"][1])] == asked[LIMIT : 2 * LIMIT]
    running.forget_scores()


def test_an_async_client_does_other_things_while_it_waits(running: Running) -> None:
    async def loop() -> list[answers.Scores]:
        async with AsyncClient(running.address) as client:
            waiting = [
                asyncio.create_task(client.score("nb201", spellings(2, seed), wait=inf))
                for seed in (1, 2, 3)
            ]
            await asyncio.to_thread(await_jobs, running, len(waiting))
            assert {bench["name"] for bench in await client.benches()} == set(BENCHES)
            assert not any(task.done() for task in waiting)
            with httpx2.Client(base_url=running.address) as http:
                for job in ids(running):
                    http.delete(f"/jobs/{job}")
            return await asyncio.gather(*waiting)

    for seed, scores in zip((1, 2, 3), asyncio.run(loop()), strict=True):
        assert [result["asked"] for result in scores["results"]] == spellings(2, seed)
        assert {result["state"] for result in scores["results"]} == {"cancelled"}
    running.forget_scores()


def test_a_loop_survives_a_killed_service_and_queues_nothing_twice(running: Running) -> None:
    """One call waits in its request, one for its jobs; both go on at the next process."""
    few, many = spellings(3, 5), spellings(30, 6)
    with ThreadPoolExecutor(2) as threads, Client(running.address) as client:
        waiting = [
            threads.submit(client.score, "nb201", asked, proxies=CHEAP, wait=inf)
            for asked in (few, many)
        ]
        await_jobs(running, 4)
        port = running.port
        running.end("api", signal.SIGKILL)
        time.sleep(1)
        assert not any(each.done() for each in waiting)
        running.start_api()
        assert running.port == port, "another process took the port"
        running.start_worker()
        for asked, each in zip((few, many), waiting, strict=True):
            scores = each.result(60)
            assert [result["asked"] for result in scores["results"]] == asked
            assert all(result["scores"]["params"] for result in scores["results"])
    assert running.count("jobs") == 4


def test_what_is_known_needs_no_job(client: Client, scoring: Running) -> None:
    asked = [*spellings(20, 7), *spellings(3, 7)]
    first = client.score("nb201", asked, proxies=CHEAP, wait=60)
    jobs = scoring.count("jobs")
    again = client.score("nb201", asked, proxies=CHEAP)
    assert again["jobs"] == []
    assert again["results"] == first["results"]
    assert [result["asked"] for result in again["results"]] == asked
    assert scoring.count("jobs") == jobs


def test_the_best_are_proposed_of_a_pool_and_of_children(client: Client, scoring: Running) -> None:
    scored = client.score("nb201", sample={"n": 7, "seed": 3}, proxies=CHEAP, wait=60)["results"]
    sizes = {result["hash"]: result["scores"]["params"] or 0.0 for result in scored}
    pool = client.propose("nb201", proxy="params", sample={"n": 7, "seed": 3}, k=7)
    assert {item["hash"]: item["score"] for item in pool["items"]} == sizes
    assert [item["score"] for item in pool["items"]] == sorted(sizes.values(), reverse=True)
    cell: dict[str, Any] = {
        "matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
        "ops": ["input", "maxpool3x3", "output"],
    }
    children = {child.hash for child in BENCHES["nb101"].neighbours(cell)}
    known = client.score("nb101", [cell], proxies=CHEAP, wait=60)["results"][0]["hash"]
    jobs = scoring.count("jobs")
    best = client.propose("nb101", proxy="params", parents=[known], k=100)
    assert {item["hash"] for item in best["items"]} == children
    assert {parent for item in best["items"] for parent in item["parents"]} == {known}
    assert scoring.count("jobs") == jobs + 1
    first, second = (item["hash"] for item in best["items"][:2])
    (other,) = client.propose("nb101", proxy="params", parents=[cell], exclude=[first])["items"]
    assert other["hash"] == second
    with pytest.raises(ServiceError, match="parents"):
        client.propose("nb101", proxy="params", parents=["0" * 32])


def test_a_refusal_names_the_architecture_of_the_call(client: Client) -> None:
    asked = spellings(20, 7)
    asked[14] = {"ops": ["conv3x3"] * 6}
    with pytest.raises(ServiceError, match=r"architecture 14, ops/0: .* \(valid: ") as refused:
        client.score("nb201", asked, proxies=CHEAP)
    assert refused.value.problem["status"] == 422
    assert [fault["architecture"] for fault in refused.value.problem["errors"]] == [14]
    for nothing in ([], [{}]):
        with pytest.raises(ServiceError):
            client.score("nb201", nothing)


def test_what_is_wrong_is_not_tried_again(client: Client) -> None:
    started = time.monotonic()
    with pytest.raises(ServiceError, match="nb102"):
        client.rank("nb102")
    with pytest.raises(ServiceError, match="No such job"):
        client.wait("d01cd8f5-72ad-c5e7-59ca-8b8af861d441")
    assert time.monotonic() - started < backoff.PATIENCE_SECONDS / 2


def test_the_catalogue_and_what_is_known(client: Client, scoring: Running) -> None:
    drawn = client.sample("nb201", 3, seed=9)["architectures"]
    scored = client.score("nb201", sample={"n": 3, "seed": 9}, proxies=CHEAP, wait=60)
    assert [each["hash"] for each in scored["results"]] == [each["hash"] for each in drawn]
    board = client.rank("nb201", 2, proxy="params")
    assert [item["rank"] for item in board["items"]] == [1, 2]
    more = client.rank("nb201", 2, proxy="params", cursor=board["next"])
    assert more["items"][0]["score"] <= board["items"][1]["score"]
    best = client.architecture("nb201", board["items"][0]["hash"])
    assert best["spec"] == board["items"][0]["spec"]
    around = client.neighbours("nb201", best["hash"])["architectures"]
    assert {each["hash"] for each in around} == {
        each.hash for each in BENCHES["nb201"].neighbours(best["spec"])
    }
    assert client.correlation("nb201")["missing"]
    points = client.points("nb201", ["params"])
    scores = dict(zip(points["hashes"], points["scores"][0]["values"], strict=True))
    assert scores[best["hash"]] == board["items"][0]["score"]


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
def test_a_table_comes_back_row_by_row(client: Client, running: Running, bench: str) -> None:
    read = {r.architecture.hash: r.asked for r in BENCHES[bench].sample(5, 1)}
    rows = [
        {"hash": digest, **asked, "value": 90 + seed / 7, "seed": seed or None}
        for digest, asked in read.items()
        for seed in range(3)
    ]
    about: options.Table = {
        **{"bench": bench, "dataset": "cifar10", "split": "test", "epochs": 12},
        **{"source": "a test", "name": "mine"},
    }
    taken = client.put_accuracies(rows, **about)
    assert taken["added"] == len(rows)
    (series,) = client.series(bench)
    assert (series["name"], series["values"]) == ("mine", len(rows))
    got = list(client.accuracies(bench, "mine"))
    assert sorted(got, key=of_what) == sorted(rows, key=of_what)
    assert next(client.accuracies(bench, "mine")) == got[0]

    async def again() -> list[answers.AccuracyRow]:
        async with AsyncClient(running.address) as client:
            return [row async for row in client.accuracies(bench, "mine")]

    assert asyncio.run(again()) == got
    bad = {**rows[0], "value": 101}
    with pytest.raises(ServiceError, match=r"row 1, value"):
        client.put_accuracies([rows[0], bad], **about)


def of_what(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["hash"], row["seed"] or 0


def test_an_absent_service_is_told_after_the_patience() -> None:
    started = time.monotonic()
    client = Client(f"http://127.0.0.1:{free_port()}", patience=1.0)
    with client, pytest.raises(httpx2.ConnectError):
        client.benches()
    assert 0.2 < time.monotonic() - started < 2.0


# Without a service: answers that it gives too rarely to wait for.


def reply(status: int, body: bytes = b"[]", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, "reason", httpx2.Headers(named), body)


@pytest.mark.parametrize(
    "failure",
    [
        *(reply(status, b"<html>") for status in (429, 502, 503, 504)),
        httpx2.ConnectError("refused"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("silent"),
        httpx2.RemoteProtocolError("ended"),
    ],
    ids=lambda failure: str(getattr(failure, "status", failure)),
)
def test_what_passes_is_tried_again_and_then_told(failure: Reply | Exception) -> None:
    steps: Steps[Any] = Calls(patience=60).benches()
    asked = advance(steps, None)
    pauses = []
    for _ in range(3):
        pause = advance(steps, failure)
        assert isinstance(pause, Pause)
        pauses.append(pause.seconds)
        assert advance(steps, None) == asked
    assert pauses == sorted(pauses)
    assert advance(steps, reply(200)) == Done([])
    impatient = Calls(patience=0).benches()
    advance(impatient, None)
    with pytest.raises(ServiceError if isinstance(failure, Reply) else type(failure)):
        advance(impatient, failure)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 500])
def test_what_does_not_pass_is_told_at_once(status: int) -> None:
    steps = Calls(patience=60).benches()
    advance(steps, None)
    with pytest.raises(ServiceError):
        advance(steps, reply(status, b'{"title": "no", "detail": "never"}'))


def test_a_request_sent_again_has_the_key_of_the_first() -> None:
    steps = Calls(patience=60).score("nb201", None, None, {"sample": {"n": 1}})
    first = advance(steps, None)
    advance(steps, httpx2.ReadTimeout("silent"))
    second = advance(steps, None)
    other = advance(Calls(patience=60).score("nb201", None, None, {"sample": {"n": 1}}), None)
    assert isinstance(first, Request)
    assert isinstance(other, Request)
    assert second == first
    assert first.body == other.body
    assert first.headers["Idempotency-Key"] != other.headers["Idempotency-Key"]


def test_a_proposal_has_a_new_key_where_its_job_has_ended_and_does_not_answer() -> None:
    def proposed(job: str) -> Reply:
        return reply(202, json.dumps({"job": job}).encode(), Retry_After="7")

    def ended(job: str) -> Reply:
        return reply(200, json.dumps({"job": job, "state": "done"}).encode())

    def posted(step: Any) -> str:
        assert isinstance(step, Request)
        assert step.path == "/propose"
        return step.headers["Idempotency-Key"]

    def twice(steps: Steps[Any], job: str) -> Any:
        """The step after the second 202 of a job that had ended by the first."""
        for last in (False, True):
            assert advance(steps, proposed(job)) == Request("GET", f"/jobs/{job}")
            after = advance(steps, ended(job))
            if not last:
                keys.append(posted(after))
        return after

    steps, keys = Calls(patience=60).propose("nb201", 100.0, {}), list[str]()
    keys.append(posted(advance(steps, None)))
    pauses = []
    for job in ("j1", "j2"):
        pause = twice(steps, job)
        assert isinstance(pause, Pause)
        pauses.append(pause.seconds)
        keys.append(posted(advance(steps, None)))
    assert keys[0] == keys[1] != keys[2] == keys[3] != keys[4]
    assert all(seconds > 7 for seconds in pauses)
    final = {"job": None, "items": []}
    assert advance(steps, reply(200, json.dumps(final).encode())) == Done(final)
    # A pause that would outlast the wait is not made.
    steps = Calls(patience=60).propose("nb201", 5.0, {})
    advance(steps, None)
    assert twice(steps, "j1") == Done({"job": "j1"})


def test_a_list_is_read_page_by_page() -> None:
    steps = Calls(patience=60).jobs({"state": "done"})
    for cursor, following in ((None, "c1"), ("c1", None)):
        asked = Request("GET", "/jobs", {"cursor": cursor, "state": "done"})
        assert advance(steps, None) == asked
        page = {"jobs": [{"job": cursor}], "next": following}
        assert advance(steps, reply(200, json.dumps(page).encode())) == Found(page["jobs"])
    assert advance(steps, None) == Done(None)


def test_it_comes_back_when_it_is_told_to() -> None:
    steps = Calls(patience=60).benches()
    advance(steps, None)
    pause = advance(steps, reply(429, Retry_After="7"))
    assert isinstance(pause, Pause)
    assert 7 < pause.seconds < 8
    advance(steps, None)
    with pytest.raises(ServiceError):
        advance(steps, reply(503, Retry_After="3600"))


def test_pauses_grow_up_to_a_limit_and_spread() -> None:
    for chance in (0.0, 1.0):
        pauses = [backoff.seconds(n, chance, None) for n in range(1, 2_000)]
        assert pauses == sorted(pauses)
        assert pauses[1] == 2 * pauses[0]
        assert pauses[-1] <= backoff.LONGEST_SECONDS
    assert backoff.seconds(3, 1.0, None) == 2 * backoff.seconds(3, 0.0, None)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59.0),
        ("Fri, 31 Dec 1999 23:00:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    now = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)
    assert backoff.retry_after({"Retry-After": header}, now) == seconds


def test_a_table_that_breaks_off_goes_on_behind_the_last_row() -> None:
    steps = Calls(patience=60).accuracies("nb201", "mine")
    asked = advance(steps, None)
    cut = TABLE.index("84.5")
    assert advance(steps, reply(200)) == More()
    first = advance(steps, TABLE[:cut].encode())
    assert isinstance(first, Found)
    assert advance(steps, None) == More()
    assert isinstance(advance(steps, httpx2.RemoteProtocolError("ended")), Pause)
    assert advance(steps, None) == asked
    assert advance(steps, reply(200)) == More()
    rest = advance(steps, TABLE.encode().replace(b"84.2", b"84.9"))
    assert isinstance(rest, Found)
    assert [(row["value"], row["seed"]) for row in (*first.items, *rest.items)] == [
        (84.2, 0),
        (84.5, 1),
        (10.0, None),
    ]
    assert advance(steps, None) == More()
    assert advance(steps, b"") == Done(None)


def test_a_table_that_is_another_one_meanwhile_is_told() -> None:
    steps = Calls(patience=60).accuracies("nb201", "mine")
    advance(steps, None)
    advance(steps, reply(200))
    advance(steps, TABLE.encode())
    advance(steps, None)
    advance(steps, httpx2.ReadError("reset"))
    advance(steps, None)
    advance(steps, reply(200))
    assert advance(steps, b"hash,value,seed,arch\r\nh3,1.0,0,c\r\n") == More()
    with pytest.raises(ServiceError, match="changed"):
        advance(steps, b"")


def test_rows_are_read_however_the_table_is_cut() -> None:
    whole = Rows()
    whole.begin()
    expected = whole.feed(TABLE.encode())
    assert [row["seed"] for row in expected] == [0, 1, None]
    for size in range(1, len(TABLE)):
        rows, found = Rows(), []
        rows.begin()
        for start in range(0, len(TABLE), size):
            found += rows.feed(TABLE[start : start + size].encode())
        assert found == expected


# What the two clients and the service say of themselves.

SCHEMAS = {
    "AccuracyRow": None,
    "Architecture": "ArchitectureAnswer",
    "Bench": "BenchAnswer",
    "Compared": "Found",
    "Cost": "CorrelatedCost",
    "Ensemble": "EnsembleAnswer",
    "KnownArchitectures": "KnownAnswer",
    "Metric": None,
    "Proposals": "ProposeAnswer",
    "Proxy": "ProxyAnswer",
    "ReadArchitectures": "ReadAnswer",
    "Sample": "SampleAnswer",
    "Scores": None,
    "Series": "ListedSeries",
    "Slot": "SlotAnswer",
    "Standing": "StandingAnswer",
}
"""Where the document has another name, or no such schema."""


def test_the_answers_have_the_fields_of_the_document() -> None:
    schemas = create_app(Settings()).openapi()["components"]["schemas"]
    checked = 0
    for name, answer in vars(answers).items():
        schema = SCHEMAS.get(name, name)
        if hasattr(answer, "__required_keys__") and schema is not None:
            assert set(answer.__annotations__) == set(schemas[schema]["properties"]), name
            checked += 1
    assert checked > 50


def test_both_clients_have_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(call).parameters)
            for name, call in vars(kind).items()
            if not name.startswith("_")
        }

    assert calls(Client) == calls(AsyncClient)
