"""What every test may ask for: one real PostgreSQL and one real Valkey for the whole run."""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from xdist.remote import Producer

from tests import distribution, fresh

ROOT = Path(__file__).parent.parent
KEEPER = Path(__file__).parent / "local" / "keeper.py"

# initdb and a first start take a second; another test run may have both cores.
SERVERS_START_S = 120.0

# With fsync off a shutdown takes 0.1 s; the rest is for a loaded machine.
SERVERS_STOP_S = 30.0

POLL_S = 0.05


@dataclass(frozen=True)
class ServerUrls:
    """Where the run's servers are; the database is the servers' first, empty one."""

    database_url: str
    redis_url: str


def run_folder(basetemp: Path, is_worker: bool) -> Path:
    """The one folder that all processes of this test run share."""
    return (basetemp.parent if is_worker else basetemp) / "servers"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    distribution.longest_first(items, ROOT / "tests")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> distribution.ByFile:
    return distribution.ByFile(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The controlling process, last to end, stops the servers if anybody started them."""
    if hasattr(session.config, "workerinput"):
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    folder = run_folder(factory.getbasetemp(), is_worker=False)
    if not (folder / "state.json").exists():
        return
    (folder / "stop").touch()
    deadline = time.monotonic() + SERVERS_STOP_S
    while not (folder / "stopped").exists() and time.monotonic() < deadline:
        time.sleep(POLL_S)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, worker_name: str) -> ServerUrls:
    """One PostgreSQL and one Valkey a test run, started by whichever worker needs them first.

    They belong to a keeper process: the worker that asked first may be the first to end.
    """
    is_worker = worker_name != "main"
    folder = run_folder(tmp_path_factory.getbasetemp(), is_worker)
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "state.json").exists():
            start_keeper(folder, controller_pid=os.getppid() if is_worker else os.getpid())
    return ServerUrls(**json.loads((folder / "state.json").read_text()))


def start_keeper(folder: Path, controller_pid: int) -> None:
    """Returns when the servers answer; fails the test with the keeper's error otherwise."""
    with (folder / "keeper.log").open("ab") as log:
        subprocess.run(
            [sys.executable, str(KEEPER), str(folder), str(controller_pid)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=SERVERS_START_S,
        )
    deadline = time.monotonic() + SERVERS_START_S
    while not (folder / "state.json").exists():
        if (folder / "error.txt").exists():
            pytest.fail((folder / "error.txt").read_text(), pytrace=False)
        if time.monotonic() > deadline:
            pytest.fail(f"no servers after {SERVERS_START_S:g} s, see {folder}", pytrace=False)
        time.sleep(POLL_S)


@pytest.fixture(scope="session")
def worker_name() -> str:
    """`gw0`, `gw1`, ... under pytest-xdist, `main` without it."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def template() -> str:
    """What databases are copies of: an empty one, where a folder has no other."""
    return "template1"


@pytest.fixture(scope="module")
def database_url(
    servers: ServerUrls, worker_name: str, template: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A fresh database for each test module and worker, dropped behind it."""
    module = re.sub(r"\W", "_", request.node.nodeid.lower())
    # PostgreSQL cuts names after 63 bytes; the end of a path tells more than its beginning.
    name = f"{worker_name}_{module[-50:]}"
    with fresh.database(servers.database_url, name, template) as url:
        yield url


@pytest.fixture
def redis_url(servers: ServerUrls, worker_name: str) -> str:
    """An empty Valkey database of this worker's own, emptied before every test."""
    number = 0 if worker_name == "main" else 1 + int(worker_name.removeprefix("gw"))
    url = f"{servers.redis_url}?db={number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url
