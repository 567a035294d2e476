"""The embedded servers through starts, stops and kills, on data folders of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Connection, create_engine, text

from service.local import binaries, sockets
from service.local.children import spawn, wait_until_ready
from service.local.errors import DataDirInUseError, LocalServerError
from service.local.logs import last_lines
from service.local.servers import Servers
from service.local.sockets import MAX_SOCKET_PATH, POSTGRES_SOCKET
from service.local.user import ServerUser

SUPERVISOR = Path(__file__).with_name("supervisor.py")
ROOT = Path(__file__).parent.parent.parent

# A killed process is gone within milliseconds, its servers within a checkpoint.
GONE_WITHIN_S = 20.0


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def write(database_url: str, redis_url: str, note: str) -> None:
    """Returns once both servers acknowledged the note."""
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS notes (note text)"))
        connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": note})
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("notes", note)


def read(servers: Servers) -> tuple[list[str], list[str]]:
    with connected(servers.database_url) as connection:
        rows = list(connection.execute(text("SELECT note FROM notes")).scalars())
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        return rows, client.lrange("notes", 0, -1)


def is_alive(pid: int) -> bool:
    """A zombie, which an unwilling init leaves lying about, counts as gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GONE_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "this should have happened by now"
        time.sleep(0.02)


def start_supervisor(data_dir: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, str(SUPERVISOR), str(data_dir)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_warm_restart_keeps_what_was_written(tmp_path: Path) -> None:
    with Servers(tmp_path / "data", durable=True) as servers:
        write(servers.database_url, servers.redis_url, "first")
        pids = servers.pids
        folder = servers._sockets
        assert folder is not None
        assert folder.stat().st_mode & 0o777 == 0o700
        assert set(pids) == {"postgres", "valkey"}
    assert not any(is_alive(pid) for pid in pids.values())
    assert not folder.exists()
    with Servers(tmp_path / "data", durable=True) as servers:
        assert read(servers) == (["first"], ["first"])


def test_database_sorts_by_code_points_whatever_the_locale(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data", durable=False)
    with servers, connected(servers.database_url) as connection:
        row = connection.execute(
            text(
                "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding)"
                " FROM pg_database WHERE datname = current_database()"
            )
        ).one()
    assert tuple(row) == ("b", "C.UTF-8", "UTF8")


def test_kill_9_of_both_servers_loses_nothing_acknowledged(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data", durable=False)
    servers.start()
    for number in range(20):
        write(servers.database_url, servers.redis_url, str(number))
    for pid in servers.pids.values():
        os.kill(pid, signal.SIGKILL)
    servers.stop()
    with servers:
        notes = [str(number) for number in range(20)]
        assert read(servers) == (notes, notes)


def test_dead_servers_are_revived(tmp_path: Path) -> None:
    with Servers(tmp_path / "data", durable=False) as servers:
        assert servers.revive() == []
        write(servers.database_url, servers.redis_url, "before")
        pids = servers.pids
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in pids.values()))
        assert servers.revive() == ["postgres", "valkey"]
        assert read(servers) == (["before"], ["before"])


def test_kill_9_of_everything_loses_nothing_acknowledged(tmp_path: Path) -> None:
    supervisor, told = start_supervisor(tmp_path / "data")
    with supervisor:
        write(told["database_url"], told["redis_url"], "acknowledged")
        supervisor.kill()
        for pid in told["pids"].values():
            os.kill(pid, signal.SIGKILL)
    with Servers(tmp_path / "data", durable=False) as servers:
        assert read(servers) == (["acknowledged"], ["acknowledged"])


def test_kill_9_of_the_supervisor_ends_its_servers(tmp_path: Path) -> None:
    supervisor, told = start_supervisor(tmp_path / "data")
    with supervisor:
        write(told["database_url"], told["redis_url"], "acknowledged")
        supervisor.kill()
    # At once: the servers may be writing still, and are waited for.
    with Servers(tmp_path / "data", durable=False) as servers:
        assert not any(is_alive(pid) for pid in told["pids"].values())
        assert read(servers) == (["acknowledged"], ["acknowledged"])


def test_second_start_on_a_live_folder_is_refused(tmp_path: Path) -> None:
    with Servers(tmp_path / "data", durable=False) as servers:
        second = Servers(tmp_path / "data", durable=False)
        with pytest.raises(DataDirInUseError, match=str(tmp_path / "data")):
            second.start()
        # And the first does not suffer from it.
        write(servers.database_url, servers.redis_url, "still here")
        with pytest.raises(LocalServerError, match="started already"):
            servers.start()


@pytest.mark.parametrize("name", ["x" * 120, "a, 'b' c&d=ä"], ids=["long", "odd"])
def test_any_name_of_a_data_folder_will_do(tmp_path: Path, name: str) -> None:
    with Servers(tmp_path / name, durable=False) as servers:
        socket = servers.redis_url.removeprefix("unix://")
        assert len(socket) <= MAX_SOCKET_PATH
        write(servers.database_url, servers.redis_url, "here")
        assert read(servers) == (["here"], ["here"])


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with Servers(tmp_path / "data", durable=False):
        pass
    (tmp_path / "data" / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    servers = Servers(tmp_path / "data", durable=False)
    with pytest.raises(LocalServerError, match=r"(?s)PostgreSQL ended.*no_such_setting"):
        servers.start()
    assert servers.pids == {}


def test_half_made_data_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "data" / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with Servers(tmp_path / "data", durable=False) as servers:
        assert "postgres" in servers.pids
    assert not unfinished.exists()


def test_missing_wheels_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    with pytest.raises(LocalServerError, match=r"nascore\[local\]"):
        binaries.valkey_program(ServerUser(1, 1, differs=False))


def test_urls_are_known_only_after_the_start(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "data")
    with pytest.raises(LocalServerError, match="not started"):
        _ = servers.database_url
    with pytest.raises(LocalServerError, match="not started"):
        _ = servers.redis_url
    servers.stop()
    assert not (tmp_path / "data").exists()


def test_children_start_from_the_main_thread_only(tmp_path: Path) -> None:
    raised = []

    def start() -> None:
        try:
            spawn(["true"], env={}, log=tmp_path / "log", death_signal=signal.SIGTERM)
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert raised == ["children are started from the main thread only"]


def test_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "print('busy', flush=True); import time; time.sleep(60)"]
    process = spawn(command, env={}, log=log, death_signal=signal.SIGTERM)
    try:
        wait_until(lambda: log.read_text() == "busy\n")
        with pytest.raises(LocalServerError, match=r"(?s)does not answer after 0\.1 s.*busy"):
            wait_until_ready("it", process, lambda: False, 0.1, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def no_runtime_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Short folders go below a folder of the test's."""
    monkeypatch.setattr(sockets, "TEMPORARY_FOLDER", tmp_path)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return tmp_path


def test_squatted_socket_folder_is_refused(no_runtime_folder: Path) -> None:
    user = ServerUser(os.geteuid(), os.getegid(), differs=False)
    folder = sockets.short_folder(Path("/some/data"), user)
    assert sockets.short_folder(Path("/some/data"), user) == folder
    folder.chmod(0o777)
    with pytest.raises(LocalServerError, match="in the way"):
        sockets.short_folder(Path("/some/data"), user)
    folder.rmdir()
    folder.symlink_to(ROOT)
    with pytest.raises(LocalServerError, match="in the way"):
        sockets.short_folder(Path("/some/data"), user)


def test_sockets_live_with_the_data_when_they_can(no_runtime_folder: Path) -> None:
    user = ServerUser(os.geteuid(), os.getegid(), differs=False)
    data = no_runtime_folder / "d"
    data.mkdir()
    if len(str(data / "sockets" / POSTGRES_SOCKET)) > MAX_SOCKET_PATH:
        pytest.skip("the test's own folder has too long a name")
    assert sockets.socket_folder(data, user) == data / "sockets"


def test_missing_log_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "was not written" in last_lines(tmp_path / "log")
