"""Child processes that cannot outlive their supervisor."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.local.errors import LocalServerError
from service.local.logs import last_lines, open_log
from service.local.user import ServerUser

LAUNCHER = Path(__file__).with_name("launcher.py")

# Short beside the 0.2 s of a warm start, long beside the cost of one attempt to connect.
READY_POLL_S = 0.02

# A killed process is gone as soon as its disk write in progress returns.
KILL_WAIT_S = 10.0


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    death_signal: signal.Signals,
    cwd: Path | None = None,
    user: ServerUser | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a program that receives `death_signal` when this process dies.

    It gets a session of its own, so that Ctrl-C reaches the supervisor alone, which then stops
    everything in order.

    Raises RuntimeError outside the main thread: Linux sends the death signal when the *thread*
    that forked ends. Raises OSError when no process can be forked.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread only")
    uid, gid = (user.uid, user.gid) if user is not None and user.differs else (-1, -1)
    order = [str(int(death_signal)), str(os.getpid()), str(uid), str(gid), *argv]
    with open_log(log) as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), *order],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )


def wait_until_ready(
    name: str,
    process: subprocess.Popen[bytes],
    answers: Callable[[], bool],
    timeout_s: float,
    log: Path,
) -> None:
    """Returns once `answers()`; raises LocalServerError when the process ends or time is up."""
    deadline = time.monotonic() + timeout_s
    while not answers():
        status = process.poll()
        if status is not None:
            raise LocalServerError(f"{name} ended with status {status}.\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise LocalServerError(
                f"{name} does not answer after {timeout_s:g} s.\n{last_lines(log)}"
            )
        time.sleep(READY_POLL_S)


def wait_or_kill(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Waits for an end already asked for, then kills; True when no kill was needed.

    The kill takes the child's whole session, so that nothing it started is left. Its id cannot
    have passed to another process, for the child is not reaped yet.
    Raises subprocess.TimeoutExpired when even a killed process stays.
    """
    try:
        process.wait(max(timeout_s, 0.0))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(KILL_WAIT_S)
        return False
    return True
