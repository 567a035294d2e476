"""What is computed once, and what survives: many clients, dead workers, a lost Redis."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from service.ensembles import ENSEMBLES
from service.queue import Doorbells
from tests.service.running import START_S, Process, Running, ask, await_job

CONV = "conv3x3-bn-relu"

SETTINGS = {"NASCORE_CHUNK_SECONDS": "0.3", "NASCORE_WRITE_SECONDS": "0.05"}
"""Few networks then make several chunks, and what is done of one is seen while it is computed."""


@pytest.fixture(autouse=True)
def _no_workers_left(running: Running) -> object:
    yield
    running.end_workers()


CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
"""Every connection to the database but one's own."""


def spellings(bench: str, n: int, seed: int) -> list[dict[str, object]]:
    """The specs of n different architectures."""
    distinct: dict[str, dict[str, object]] = {}
    for reading in BENCHES[bench].sample(4 * n, seed):
        distinct.setdefault(reading.architecture.hash, reading.architecture.spec)
    return list(distinct.values())[:n]


def evaluated(running: Running) -> list[str]:
    return [
        line["architecture"]
        for path in running.folder.glob("worker*.log")
        for line in running.lines(path.stem, "evaluated")
    ]


def stop_inside(http: httpx2.Client, worker: Process, job: str, done: int) -> None:
    """Holds a worker still once so much of a job is done and some of it is in its hands."""

    def is_inside() -> bool:
        counts = http.get(f"/jobs/{job}").json()["counts"]
        assert counts["queued"] or counts["running"], "it was too quick"
        return bool(counts["done"] >= done and counts["running"])

    while True:
        if is_inside():
            worker.send_signal(signal.SIGSTOP)
            # It may have come to the end of its chunk before it was.
            if is_inside():
                return
            worker.send_signal(signal.SIGCONT)
        time.sleep(0.02)


def test_a_hundred_clients_cause_fifty_computations(running: Running) -> None:
    asked = spellings("nb201", 50, 1)
    body = {"bench": "nb201", "architectures": asked, "proxies": ["nwot", "synflow"]}

    def ask_once(number: int) -> list[object]:
        with httpx2.Client(base_url=running.address, timeout=120.0) as http:
            answer = ask(http, body, wait=120)
            assert answer.status_code == 200, answer.text
            return [result["scores"] for result in answer.json()["results"]]

    before = len(evaluated(running))
    running.start_worker("worker-a")
    running.start_worker("worker-b")
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(ask_once, range(100)))
    assert all(answer == answers[0] for answer in answers)
    assert len(evaluated(running)) - before == 50


def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    http: httpx2.Client, running: Running
) -> None:
    asked = spellings("nb201", 20, 2)
    body = {"bench": "nb201", "architectures": asked, "seed": 2}
    worker = running.start_worker("worker-killed")
    job = ask(http, body, wait=None).json()["job"]
    stop_inside(http, worker, job, done=5)
    assert running.end("worker-killed", signal.SIGKILL) == -signal.SIGKILL
    running.start_worker("worker-next")
    assert await_job(http, job)["counts"] == {
        "queued": 0,
        "running": 0,
        "done": 20,
        "failed": 0,
        "cancelled": 0,
    }
    results = http.get(f"/jobs/{job}/results?limit=100").json()["results"]
    for result in results:
        unscored = {name for name, value in result["scores"].items() if value is None}
        assert unscored == set(result["undefined"])
        assert unscored <= {*ENSEMBLES, "trainability"}


def test_what_has_no_network_fails_and_its_neighbours_are_scored(
    http: httpx2.Client, running: Running
) -> None:
    asked = spellings("nb201", 3, 9)
    body = {"bench": "nb201", "architectures": asked, "seed": 9, "proxies": ["params"]}
    answer = ask(http, body, wait=None).json()
    broken = answer["results"][1]["hash"]
    engine = running.engine()
    with engine.begin() as connection:
        change = text('UPDATE architectures SET spec = \'{"arch": "?"}\' WHERE hash = :hash')
        connection.execute(change, {"hash": broken})
    try:
        running.start_worker("worker-a")
        counts = await_job(http, answer["job"])["counts"]
    finally:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM job_items"))
            connection.execute(text("DELETE FROM evaluations"))
            connection.execute(text("DELETE FROM scores"))
            connection.execute(text("DELETE FROM architectures WHERE hash = :h"), {"h": broken})
        engine.dispose()
    assert counts == {"queued": 0, "running": 0, "done": 2, "failed": 1, "cancelled": 0}


def test_a_job_has_one_doorbell(running: Running) -> None:
    environment = running.environment
    doorbells = Doorbells(environment["NASCORE_REDIS_URL"], 2.0, 2.0)
    job, other = uuid4(), uuid4()
    for each in (job, other, job):
        doorbells.ring(each, "bulk")
    try:
        heard = [doorbells.wait(0.1, live_only=False) for _ in range(3)]
        assert heard == [other, job, None]
    finally:
        doorbells.close()


def test_a_lost_redis_loses_nothing(http: httpx2.Client, running: Running) -> None:
    asked = spellings("nb201", 20, 3)
    body = {"bench": "nb201", "architectures": asked, "seed": 3}
    first = ask(http, body, wait=None).json()["job"]
    running.forget_redis()
    worker = running.start_worker("worker-a")
    stop_inside(http, worker, first, done=3)
    running.forget_redis()
    worker.send_signal(signal.SIGCONT)
    second = ask(http, {**body, "seed": 4}, wait=None).json()["job"]
    running.forget_redis()
    for job in (first, second):
        assert await_job(http, job)["counts"]["done"] == 20


def test_a_worker_told_to_stop_puts_its_work_back(http: httpx2.Client, running: Running) -> None:
    body = {"bench": "nb201", "architectures": spellings("nb201", 20, 5), "seed": 5}
    worker = running.start_worker("worker-a")
    job = ask(http, body, wait=None).json()["job"]
    stop_inside(http, worker, job, done=3)
    # Told while it is held still, it hears of it inside the chunk.
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGCONT)
    assert running.processes.pop("worker-a").wait(START_S) == 0
    counts = http.get(f"/jobs/{job}").json()["counts"]
    assert counts["running"] == 0
    assert counts["queued"] > 0
    running.start_worker("worker-b")
    assert await_job(http, job)["counts"]["done"] == 20


def test_an_idle_worker_takes_live_work_while_another_is_busy(
    http: httpx2.Client, running: Running
) -> None:
    triple = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
    heavy = {"matrix": triple, "ops": ["input", *["conv3x3-bn-relu"] * 3, "output"]}
    running.start_worker("worker-busy")
    body = {"bench": "nb101", "protocol": "full", "priority": "bulk", **heavy}
    job = ask(http, body, wait=None).json()["job"]
    while http.get(f"/jobs/{job}").json()["counts"]["running"] == 0:
        time.sleep(0.05)
    running.start_worker("worker-idle")
    live = ask(
        http,
        {
            "bench": "nb201",
            "seed": 6,
            "arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
        },
    )
    assert live.status_code == 200
    assert http.get(f"/jobs/{job}").json()["counts"]["running"] == 1
    running.end("worker-busy", signal.SIGKILL)
    # Alone under its lease when its worker died, it may have been the cause: that counts.
    deadline = time.monotonic() + 30
    engine = running.engine()
    with engine.connect() as connection:
        while time.monotonic() < deadline:
            found = connection.execute(
                text("SELECT max(attempts) FROM evaluations WHERE suspect")
            ).scalar()
            connection.rollback()
            if found == 1:
                break
            time.sleep(0.1)
    engine.dispose()
    assert found == 1
    # Nobody computes it: it takes longer than all the others.
    http.delete(f"/jobs/{job}")


def test_live_work_goes_before_bulk_work(http: httpx2.Client, running: Running) -> None:
    asked = spellings("nb201", 24, 7)
    body = {"bench": "nb201", "seed": 7, "priority": "bulk", "architectures": asked}
    bulk = ask(http, body, wait=None).json()["job"]
    running.start_worker("worker-a")
    while http.get(f"/jobs/{bulk}").json()["counts"]["done"] < 2:
        time.sleep(0.05)
    done = http.get(f"/jobs/{bulk}").json()["counts"]["done"]
    live = ask(http, {"bench": "nb201", "seed": 8, "architecture": asked[0]})
    assert live.status_code == 200
    meanwhile = http.get(f"/jobs/{bulk}").json()["counts"]["done"] - done
    await_job(http, bulk)
    chunks = [line for line in running.lines("worker-a", "claimed") if line["job"] == bulk]
    # The rest of the chunk at hand, and what of the next was done before the question above.
    assert meanwhile <= max(line["architectures"] for line in chunks) + 1
    assert len(chunks) > 3


def test_a_reserved_worker_leaves_heavy_bulk_work_to_others(
    http: httpx2.Client, running: Running
) -> None:
    chain = {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", CONV, "output"]}
    body = {"bench": "nb101", "protocol": "full", "seed": 10, "priority": "bulk", **chain}
    bulk = ask(http, body, wait=None).json()["job"]
    running.start_worker("worker-reserved", "--reserved")
    for seed in (11, 12):
        light = {"bench": "nb201", "seed": seed, "proxies": ["nwot"]}
        assert ask(http, {**light, "architecture": spellings("nb201", 1, 9)[0]}).status_code == 200
    assert http.get(f"/jobs/{bulk}").json()["counts"]["queued"] == 1
    (of_bulk,) = spellings("nb201", 1, 10)
    light = {"bench": "nb201", "seed": 13, "priority": "bulk", "proxies": ["nwot"]}
    assert ask(http, {**light, "architecture": of_bulk}).status_code == 200
    assert http.get(f"/jobs/{bulk}").json()["counts"]["queued"] == 1
    http.delete(f"/jobs/{bulk}")


def test_broken_connections_lose_nothing(http: httpx2.Client, running: Running) -> None:
    running.start_worker("worker-a")
    body = {"bench": "nb201", "architectures": spellings("nb201", 20, 21), "seed": 21}
    job = ask(http, body, wait=None).json()["job"]
    for _ in range(5):
        with running.session() as session:
            session.execute(text(CUT))
        time.sleep(0.2)
    assert await_job(http, job)["counts"]["done"] == 20
