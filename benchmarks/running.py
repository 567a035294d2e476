"""A whole service of its own on this machine, for as long as a block lasts."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from types import FrameType

import httpx2

from service.local.children import spawn, wait_or_kill
from service.local.logs import last_lines

READY_SECONDS = 120.0
"""As long as `nascore up` itself waits."""

STOP_SECONDS = 60.0
"""`nascore up` gives its processes 30 s and its servers their own time."""


class NotReadyError(Exception):
    """The service did not come up."""


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    address: str
    logs: Path
    pid: int
    """Of `nascore up`."""


@contextmanager
def service(*options: str, **settings: str) -> Iterator[Running]:
    """`nascore up` on a free port with a throw-away data directory; raises NotReadyError.

    Settings are environment variables.

    It is stopped with SIGTERM however the block ends, by Ctrl-C and SIGTERM too, and gets one if
    this process is killed.
    """
    signal.signal(signal.SIGTERM, _exit)
    with TemporaryDirectory(prefix="nascore-") as folder:
        data = Path(folder) / "data"
        log = Path(folder) / "up.log"
        port = free_port()
        process = spawn(
            [
                *(sys.executable, "-m", "service.cli", "up"),
                *("--port", str(port), "--data-dir", str(data), *options),
            ],
            env={**own_environment(), **settings},
            log=log,
            death_signal=signal.SIGTERM,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_ready(address, process, log)
            yield Running(address, data / "logs", process.pid)
        finally:
            process.terminate()
            wait_or_kill(process, STOP_SECONDS)


def api_pid(running: Running) -> int:
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    for child in children:
        arguments = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        if arguments[1:4] == ["-m", "service.cli", "api"]:
            return int(child)
    raise LookupError("nascore up has no API process")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def own_environment() -> dict[str, str]:
    """Without the settings of another service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NASCORE_")}


def _wait_until_ready(address: str, process: Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotReadyError(f"nascore up ended at once.\n{last_lines(log)}")
        try:
            if httpx2.get(f"{address}/readyz", timeout=5.0).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise NotReadyError(f"Not ready after {READY_SECONDS:g} s.\n{last_lines(log)}")


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
