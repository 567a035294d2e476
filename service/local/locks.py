"""Locks that say who works on a data directory.

A lock belongs to an open file, not to a process: handed to a server, it is held for as long as
the server or any process it forked is alive, whatever became of the supervisor. A held lock thus
proves a live server and a free one proves that none is left, which a pid file never does.
"""

import fcntl
import os
import time
from pathlib import Path

# How soon after its release a lock is seen to be free.
LOCK_POLL_S = 0.05


def take_lock(path: Path, wait_s: float) -> int | None:
    """Takes a lock and returns its descriptor, or None when it is still held after `wait_s`.

    Raises OSError when the file cannot be opened or its file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    return None
                time.sleep(LOCK_POLL_S)
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise
