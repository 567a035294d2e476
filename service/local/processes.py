"""Keeps the service's own processes running: starts, restarts with back-off, stops."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from service.local.children import spawn, wait_or_kill
from service.local.logs import last_lines

# The first restart comes at once for a person, yet a process that cannot start takes no core.
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0

# Past its imports and its first connections; a death after that is a new fault.
HEALTHY_AFTER_S = 60.0

# How soon a death is noticed.
WATCH_POLL_S = 0.2

# A worker finishes the minibatch it is at, the API its open requests.
STOP_TIMEOUT_S = 30.0


@dataclass
class Supervised:
    """One named process: its order, and how its lives went so far."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    backoff_s: float = FIRST_BACKOFF_S
    restart_at: float = 0.0


class Processes:
    """The supervised processes of one `nascore up`.

    - A dead process is started again after a back-off that doubles from FIRST_BACKOFF_S to
      LONGEST_BACKOFF_S and starts over once a process lived for HEALTHY_AFTER_S.
    - They receive SIGTERM when this process is killed.
    - Signals go to its own children only, and never after they were reaped.
    """

    def __init__(
        self,
        logs: Path,
        on_event: Callable[[str, str], None],
        stop_timeout_s: float = STOP_TIMEOUT_S,
    ) -> None:
        """`logs` receives a `<name>.log` each; `on_event(name, text)` is told of every death."""
        self._logs = logs
        self._on_event = on_event
        self._stop_timeout_s = stop_timeout_s
        self._supervised: dict[str, Supervised] = {}

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts a process with exactly this environment.

        Raises ValueError when the name is taken, OSError when no process can be forked and
        RuntimeError outside the main thread. A command that cannot be executed is not raised:
        it is a death like any other, with its reason in the log.
        """
        if name in self._supervised:
            raise ValueError(f"there is a process {name} already")
        supervised = Supervised(name, tuple(argv), dict(env))
        self._spawn(supervised)
        self._supervised[name] = supervised

    def _spawn(self, supervised: Supervised) -> None:
        supervised.process = spawn(
            supervised.argv,
            env=supervised.env,
            log=self.log(supervised.name),
            death_signal=signal.SIGTERM,
        )
        supervised.started_at = time.monotonic()

    def log(self, name: str) -> Path:
        """Where the process writes what it prints."""
        return self._logs / f"{name}.log"

    def poll(self) -> None:
        """Looks at every process once: reports the dead and restarts those whose time has come."""
        for supervised in self._supervised.values():
            if supervised.process is not None:
                self._note_death(supervised)
            elif time.monotonic() >= supervised.restart_at:
                self._restart(supervised)

    def _note_death(self, supervised: Supervised) -> None:
        process = supervised.process
        if process is None or process.poll() is None:
            return
        supervised.process = None
        if time.monotonic() - supervised.started_at >= HEALTHY_AFTER_S:
            supervised.backoff_s = FIRST_BACKOFF_S
        ending = describe_ending(process.returncode)
        self._wait_for_restart(supervised, f"{ending}\n{last_lines(self.log(supervised.name))}")

    def _restart(self, supervised: Supervised) -> None:
        try:
            self._spawn(supervised)
        except OSError as error:
            # Out of processes or memory: no reason to give up the others.
            self._wait_for_restart(supervised, f"cannot be started: {error}")

    def _wait_for_restart(self, supervised: Supervised, reason: str) -> None:
        wait_s = supervised.backoff_s
        supervised.restart_at = time.monotonic() + wait_s
        supervised.backoff_s = min(2 * wait_s, LONGEST_BACKOFF_S)
        head, *rest = reason.split("\n")
        text = "\n".join([f"{head}; starts again in {wait_s:g} s", *rest])
        self._on_event(supervised.name, text)

    def watch(self, stopping: Callable[[], bool]) -> None:
        """Polls in the calling, main thread until `stopping()`; stops nothing itself.

        `stopping` may be the `is_set` of an event that a signal handler sets: this sleeps and
        does not wait on the event, whose lock a handler in the same thread could not take.
        """
        while not stopping():
            self.poll()
            time.sleep(WATCH_POLL_S)

    def stop(self) -> None:
        """SIGTERM to all, one bounded wait for all of them, SIGKILL to the rest; safe twice."""
        running = {
            name: supervised.process
            for name, supervised in self._supervised.items()
            if supervised.process is not None
        }
        self._supervised.clear()
        for process in running.values():
            process.terminate()
        deadline = time.monotonic() + self._stop_timeout_s
        for name, process in running.items():
            if not wait_or_kill(process, deadline - time.monotonic()):
                self._on_event(name, f"killed: it did not stop within {self._stop_timeout_s:g} s")

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, of those that run now."""
        return {
            name: supervised.process.pid
            for name, supervised in self._supervised.items()
            if supervised.process is not None
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def describe_ending(returncode: int) -> str:
    """An exit status, or the signal's name, in words."""
    if returncode >= 0:
        return f"ended with status {returncode}"
    return f"was ended by {signal.Signals(-returncode).name}"
