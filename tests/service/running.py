"""A service under test: real processes of the real commands, ended by their process ids."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.db.migrate import migrate
from tests.service import interpreters

START_S = 120.0
"""Importing torch on a machine whose cores are both busy."""

LISTENS = "Uvicorn running on"

DEADLOCKS = 5
"""In a row, of a statement that would be alone on an idle service."""

QUICK = {
    "NASCORE_LEASE_SECONDS": "2",
    "NASCORE_SWEEP_SECONDS": "0.5",
    "NASCORE_IDLE_SECONDS": "0.3",
    "NASCORE_POLL_SECONDS": "0.5",
    "NASCORE_STOP_SECONDS": "2",
    "NASCORE_EVIDENCE_SECONDS": "0.3",
    "NASCORE_EVIDENCE_PATIENCE_SECONDS": "1",
}
"""The same mechanisms as by default, at a pace for tests."""


Process = subprocess.Popen[bytes] | interpreters.Forked


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Running:
    """An API process, and workers as a test starts them."""

    environment: dict[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    processes: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str, *command: str, cold: bool = False, **more: str) -> Process:
        """A command; with `cold`, in an interpreter of its own."""
        log = self.folder / f"{name}.log"
        environment = {**self.environment, **more}
        process: Process
        if cold:
            with log.open("ab") as opened:
                process = subprocess.Popen(
                    [sys.executable, "-m", "service.cli", *command],
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=opened,
                    stderr=opened,
                )
        else:
            process = interpreters.start(*command, out=log, err=log, environment=environment)
        self.processes[name] = process
        return process

    def start_api(self, name: str = "api") -> None:
        """Returns when this very process answers: a neighbour may have taken the port first."""
        ports = [self.port, *(free_port() for _ in range(3))]
        for self.port in ports:
            seen = self.log(name).count(LISTENS)
            process = self.start(name, "api", "--port", str(self.port))
            deadline = time.monotonic() + START_S
            while process.poll() is None:
                if self.log(name).count(LISTENS) > seen:
                    return
                assert time.monotonic() < deadline, self.log(name)
                time.sleep(0.05)
        raise AssertionError(self.log(name))

    def start_worker(
        self, name: str = "worker", *options: str, cold: bool = False, **more: str
    ) -> Process:
        """Returns when the worker is ready to work."""
        seen = len(self.lines(name, "worker ready"))
        process = self.start(name, "worker", *options, cold=cold, **more)
        deadline = time.monotonic() + START_S
        while len(self.lines(name, "worker ready")) == seen:
            assert process.poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)
        return process

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(START_S)

    def end_workers(self) -> None:
        for name in [name for name in self.processes if name != "api"]:
            self.end(name)

    def end_all(self) -> None:
        for name in list(self.processes):
            self.end(name)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def lines(self, name: str, event: str) -> list[dict[str, Any]]:
        """The structured log lines of one event."""
        found = []
        for line in self.log(name).splitlines():
            if line.startswith("{") and line.endswith("}"):
                record = json.loads(line)
                if record.get("event") == event:
                    found.append(record)
        return found

    def engine(self) -> Engine:
        return create_engine(self.environment["NASCORE_DATABASE_URL"])

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction on the service's database."""
        engine = self.engine()
        try:
            with Session(engine) as session, session.begin():
                yield session
        finally:
            engine.dispose()

    def count(self, table: str) -> int:
        with self.session() as session:
            return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608

    def forget_scores(self) -> None:
        """Throws away everything scored and asked for, which no part of the service does.

        A worker that writes meanwhile may hold one of the tables and wait for another.
        """
        for _ in range(DEADLOCKS):
            with suppress(OperationalError), self.session() as session:
                session.execute(text("TRUNCATE scores, job_items, jobs, evaluations, leases"))
                return
        raise AssertionError("the tables are never free")

    def forget_redis(self) -> None:
        with redis.Redis.from_url(self.environment["NASCORE_REDIS_URL"]) as client:
            client.flushdb()


@contextmanager
def serving(
    database_url: str, redis_url: str, folder: Path, settings: Mapping[str, str] = QUICK
) -> Iterator[Running]:
    """An API on an empty database, which it migrates; its workers are the test's to start."""
    with redis.Redis.from_url(redis_url) as empty:
        empty.flushdb()
    migrate(database_url)
    urls = {"NASCORE_DATABASE_URL": database_url, "NASCORE_REDIS_URL": redis_url}
    service = Running({**settings, **urls}, folder)
    try:
        service.start_api()
        yield service
    finally:
        service.end_all()


def client(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:
        yield http


def ask(
    http: httpx2.Client, body: Mapping[str, Any], wait: int | None = 60, **headers: str
) -> httpx2.Response:
    """POST /score."""
    if wait is not None:
        headers["Prefer"] = f"wait={wait}"
    return http.post("/score", json=body, headers=headers)


def await_job(http: httpx2.Client, job: str, seconds: float = 120.0) -> dict[str, Any]:
    """The job, once nothing is left to do in it."""
    deadline = time.monotonic() + seconds
    while True:
        answer: dict[str, Any] = http.get(f"/jobs/{job}").json()
        if answer["state"] == "done":
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def score_all(
    http: httpx2.Client, bench: str, asked: Sequence[Mapping[str, Any]], **more: Any
) -> list[dict[str, Any]]:
    """The results, in the order asked, once all of them are done."""
    body = {"bench": bench, "architectures": asked, **more}
    answer = ask(http, body, wait=None).json()
    if answer["job"] is not None:
        await_job(http, answer["job"])
        answer = ask(http, body, wait=None).json()
    results: list[dict[str, Any]] = answer["results"]
    assert {each["state"] for each in results} == {"done"}
    return results
