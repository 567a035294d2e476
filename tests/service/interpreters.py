"""`nascore` commands in processes of their own that need not import everything again.

A worker imports torch for three seconds of a core, an API what it needs for one and a half, and the
tests start more than a hundred. `nascore up`, its children, the demo and what a test asks to start
cold do it as users do.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

FORKER = Path(__file__).with_name("forker.py")
ROOT = Path(__file__).parents[2]

WITH_TORCH = (
    *("service.logs", "service.queue", "service.db.connect", "service.db.audits"),
    *("service.workers.loop", "service.workers.metrics", "service.workers.audit"),
)
WITHOUT_TORCH = (
    *("uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto", "uvicorn.lifespan.on"),
    *("service.logs", "service.api.app", "service.api.malformed", "service.client"),
)
"""That the API imports no torch is one of the things that tests show."""

OF_TORCH = ("worker", "audit")
"""Commands."""

POLL_S = 0.02

RUN_S = 240.0
"""A command that does much, beside others on a loaded machine."""


class Forked:
    """A process as `subprocess.Popen` has it, though another interpreter's child."""

    def __init__(self, interpreter: "Interpreter", pid: int) -> None:
        self._interpreter = interpreter
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._interpreter.ask(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(POLL_S)
        return status

    def send_signal(self, number: int) -> None:
        # Until somebody has heard of its end its number is nobody else's.
        if self.poll() is None:
            os.kill(self.pid, number)


class Interpreter:
    """One that has imported modules."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(FORKER), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for pytest, which ends what it has started.
            start_new_session=True,
        )

    def ask(self, request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(
        self, command: list[str], environment: Mapping[str, str], folder: Path, out: Path, err: Path
    ) -> Forked:
        files = {"folder": str(folder), "out": str(out), "err": str(err)}
        return Forked(self, self.ask({"command": command, "environment": environment, **files}))

    def close(self) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


_imported: dict[tuple[str, ...], Interpreter] = {}
"""Those of this process, each there from the first command on that needs it."""


@atexit.register
def _close() -> None:
    for interpreter in _imported.values():
        interpreter.close()


def start(
    *command: str | Path,
    out: Path,
    err: Path,
    environment: Mapping[str, str],
    folder: Path = ROOT,
) -> Forked:
    """Of `environment` is what the process has besides that of the tests."""
    words = [str(word) for word in command]
    modules = WITH_TORCH if words[0] in OF_TORCH else WITHOUT_TORCH
    if modules not in _imported:
        _imported[modules] = Interpreter(modules)
    whole = {**os.environ, **environment}
    return _imported[modules].start(words, whole, folder, out, err)


def run(
    *command: str | Path, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What a command says, without colours and on lines of two hundred characters."""
    with TemporaryDirectory() as said:
        out, err = Path(said) / "out", Path(said) / "err"
        wide = {"NO_COLOR": "1", "COLUMNS": "200", **environment}
        process = start(*command, out=out, err=err, environment=wide, folder=folder)
        try:
            status = process.wait(RUN_S)
        finally:
            process.send_signal(signal.SIGKILL)
        words = [str(word) for word in command]
        return subprocess.CompletedProcess(words, status, out.read_text(), err.read_text())
