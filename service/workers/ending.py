"""How a worker ends: behind the architecture at hand, or in the middle of it."""

from collections.abc import Iterator
from contextlib import contextmanager


class Abandoned(BaseException):
    """Raised inside a computation that there is no time left to finish."""


class Ending:
    """What signal handlers tell a worker. Once it has `begun`, nothing further is taken up."""

    def __init__(self) -> None:
        self.begun = False
        self._interruptible = False

    def begin(self) -> None:
        self.begun = True

    def abandon(self) -> None:
        """Raises Abandoned where a computation may be given up, for that is the thread at hand."""
        self.begun = True
        if self._interruptible:
            raise Abandoned

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Around what `abandon` may end in the middle."""
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False
