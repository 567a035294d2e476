"""When a request that failed is sent again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random
from time import monotonic

import httpx2

from service.client.errors import ServiceError
from service.client.steps import Pause

PATIENCE_SECONDS = 300.0
"""A service that is killed is back in seconds, one that is moved to another host in minutes."""

FIRST_SECONDS = 0.25
"""Twice as long after each failure: a service that restarts is met within a second or two."""

LONGEST_SECONDS = 15.0
"""Many clients of a service that is away for long ask it a few times a minute."""

PASSING_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, a full queue, a database that is away; or of a proxy: no service behind it."""

PASSING_ERRORS = (
    httpx2.NetworkError,
    httpx2.TimeoutException,
    httpx2.RemoteProtocolError,
)
"""Refused, reset, silent for too long, or ended in the middle of an answer."""


def seconds(failures: int, chance: float, retry_after: float | None) -> float:
    """The pause after so many failures in a row, from 1; `chance`, from 0 to 1, spreads clients.

    Half of the exponential pause and up to as much again; behind `retry_after` where there is one.
    """
    pause = min(FIRST_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_SECONDS)
    return (retry_after or 0.0) + pause * (1 + chance) / 2


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """What the header says, as seconds or as a date; None where it is absent or makes no sense."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


class Patience:
    """What is left of it for one call: `seconds` from the first failure after a success."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._failures = 0
        self._since = 0.0

    def succeeded(self) -> None:
        self._failures = 0

    def pause(self, failure: ServiceError | httpx2.TransportError) -> Pause:
        """How long to wait before the next try; raises the failure where there is no next one."""
        now = monotonic()
        if not self._failures:
            self._since = now
        self._failures += 1
        asked = failure.retry_after if isinstance(failure, ServiceError) else None
        pause = seconds(self._failures, random(), asked)  # noqa: S311 - spreads clients, no secret
        if now - self._since + pause > self._seconds:
            raise failure
        return Pause(pause)
