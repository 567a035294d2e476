"""The nascore command as a person uses it, and `nascore up` after a kill -9 of everything."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.service import interpreters
from tests.service.running import START_S, Running, ask, free_port

ARCH = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"


nascore = interpreters.run


def cold(*command: str) -> subprocess.CompletedProcess[str]:
    """In an interpreter of its own, as a person starts it."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *command],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def server(worker: Running) -> str:
    return worker.address


def test_score_one_and_rank_it(server: str) -> None:
    scored = cold("score", "nb201", ARCH, "--server", server)
    assert scored.returncode == 0, scored.stderr
    assert "nwot" in scored.stdout
    assert "…" not in scored.stdout
    ranked = cold("rank", "nb201", "--server", server)
    assert ranked.returncode == 0, ranked.stderr
    assert ARCH in ranked.stdout


def test_score_a_file_of_them(server: str, tmp_path: Path) -> None:
    cell = {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", "maxpool3x3", "output"]}
    edge = {"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]}
    path = tmp_path / "cells.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in (cell, edge, cell)))
    options = ("--proxy", "nwot", "--proxy", "params", "--json")
    scored = nascore("score", "nb101", str(path), "--server", server, *options)
    assert scored.returncode == 0, scored.stderr
    results = [json.loads(line) for line in scored.stdout.splitlines()]
    assert [result["asked"] for result in results] == [cell, edge, cell]
    assert results[0]["scores"] == results[2]["scores"]
    assert list(results[0]["scores"]) == ["params", "nwot"]


def test_every_bench_takes_its_own_strings(server: str, tmp_path: Path) -> None:
    for bench, own in (("nb_macro", "22212220"), ("transnas_macro", "64-1232-basic")):
        path = tmp_path / bench
        path.write_text(f"{own}\n{json.dumps({'arch': own})}\n")
        for given, asked in ((own, 1), (str(path), 2)):
            options = ("--proxy", "params", "--json", "--server", server)
            scored = nascore("score", bench, given, *options)
            assert scored.returncode == 0, scored.stderr
            results = [json.loads(line) for line in scored.stdout.splitlines()]
            assert [result["asked"] for result in results] == [{"arch": own}] * asked


def test_what_is_wrong_is_said_in_a_line(server: str, tmp_path: Path) -> None:
    refused = nascore("score", "nb201", "|conv~0|", "--server", server)
    assert refused.returncode == 1
    assert "arch" in refused.stderr
    assert "Traceback" not in refused.stderr
    absent = nascore("rank", "nb201", "--server", f"http://127.0.0.1:{free_port()}")
    assert absent.returncode == 1
    assert "nascore up" in absent.stderr
    assert "Traceback" not in absent.stderr
    nothing = nascore("score", "nb201", str(tmp_path / "no-file"), "--server", server)
    assert nothing.returncode == 2
    strange = nascore("score", "nb999", ARCH, "--server", server)
    assert strange.returncode == 1
    assert "nb_macro" in strange.stderr
    wordless = nascore("score", "nb101", "conv3x3-bn-relu", "--server", server)
    assert wordless.returncode == 2
    assert "neither an architecture nor a file" in wordless.stderr


class Up:
    """A `nascore up` in a process group of its own, which holds all that it starts but children
    of their own sessions."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = data_dir.parent / "up.log"
        command = ["up", "--port", str(port), "--data-dir", str(data_dir), "--device", "cpu"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NASCORE_LEASE_SECONDS": "2", "NASCORE_SWEEP_SECONDS": "0.5"},
            )

    def await_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                if httpx2.get(f"{self.address}/readyz", timeout=5.0).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)

    def children(self) -> list[int]:
        found: list[int] = []
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            waiting += map(int, tasks)
            found += map(int, tasks)
        return found


def test_up_comes_back_after_kill_9_of_everything_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    up = Up(tmp_path / "data", port)
    try:
        up.await_ready()
        with httpx2.Client(base_url=up.address, timeout=60.0) as http:
            scored = ask(http, {"bench": "nb201", "arch": ARCH}).json()["results"][0]
            queued = ask(
                http,
                {"bench": "nb201", "seed": 1, "arch": ARCH, "protocol": "full"},
                wait=None,
            ).json()["job"]
        taken = cold("up", "--port", str(port), "--data-dir", str(tmp_path / "other"))
        assert taken.returncode == 1
        assert f"port {port}" in taken.stderr
        used = cold("up", "--port", str(free_port()), "--data-dir", str(tmp_path / "data"))
        assert used.returncode == 1
        assert "in use" in used.stderr
        for pid in (up.process.pid, *up.children()):
            # A server's own children may be gone with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        up.process.wait(START_S)
        up = Up(tmp_path / "data", port)
        up.await_ready()
        with httpx2.Client(base_url=up.address, timeout=60.0) as http:
            again = ask(http, {"bench": "nb201", "arch": ARCH}, wait=None).json()
            assert again["job"] is None
            assert again["results"][0]["scores"] == scored["scores"]
            deadline = time.monotonic() + START_S
            while http.get(f"/jobs/{queued}").json()["counts"]["done"] != 1:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        pids = up.children()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(START_S) == 0
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert "every acknowledged score is kept" in up.log.read_text()
    finally:
        if up.process.poll() is None:
            up.process.terminate()
            up.process.wait(START_S)
