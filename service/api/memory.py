"""Memory goes back to the system, and is searched for garbage when nobody waits."""

import ctypes
import gc
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

_MMAP_THRESHOLD = -3
"""The parameter's number in glibc's malloc.h."""

BLOCK_BYTES = 256 * 1024
"""Larger blocks are mapped one by one, and unmapped when they are freed. Left to itself glibc
raises this to the largest block freed so far, up to 32 MB, and keeps what it has: after some bodies
of 8 MB, forty megabytes more than before."""

IDLE_SECONDS = 10.0
"""Between two full collections while no other request is open."""

LONGEST_SECONDS = 60.0
"""After that there is one all the same: streams of events may be open for hours."""

_NEVER = 1_000_000


def give_back() -> None:
    """Once a process; where there is no glibc nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, BLOCK_BYTES)


def settle() -> None:
    """Once all that stays is there: full collections leave it out, and come no more by themselves.

    In the middle of a request with ten thousand architectures, half a million objects and hardly
    any garbage, each would hold up every other request for a third of a second.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


class Collections:
    """The full collections, behind the last of the open requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = 0
        self._last = monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            since = monotonic() - self._last
            if since > (LONGEST_SECONDS if self._open else IDLE_SECONDS):
                gc.collect()
                self._last = monotonic()
