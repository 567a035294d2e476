"""What a call wants of a connection, step by step: calls do no I/O, and a driver knows no call."""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx2

T = TypeVar("T")

CONNECT_SECONDS = 5.0
"""A service that does not take a connection in this time is not there."""

ANSWER_SECONDS = 60.0
"""Besides what a request waits by its own wish; ten thousand architectures take two."""


@dataclass(frozen=True, slots=True)
class Request:
    """Gives back a Reply, or is thrown httpx2's transport error."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    wait: float = 0.0
    """Seconds that the answer may take by the request's own wish."""
    streamed: bool = False
    """Whether the body of a good answer is read by More."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a Request."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_error(self) -> bool:
        return not 200 <= self.status < 300

    def parsed(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class More:
    """Gives back the next piece of the streamed answer, of any length; none at its end."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Gives back nothing after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """Items for whoever iterates over the call."""

    items: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The end of a call, and what it returns."""

    value: T


Step = Request | More | Pause | Found
Steps = Generator[Step, Any, T]


def advance(steps: Steps[T], outcome: Any) -> Step | Done[T]:
    """The step after the one that had this outcome; None before the first."""
    try:
        if isinstance(outcome, httpx2.TransportError):
            return steps.throw(outcome)
        return steps.send(outcome)
    except StopIteration as end:
        return Done(end.value)


def built(http: httpx2.Client | httpx2.AsyncClient, request: Request) -> httpx2.Request:
    """The request as httpx2 sends it; a query without a value is left out."""
    return http.build_request(
        request.method,
        request.path,
        params={name: value for name, value in request.query.items() if value is not None},
        headers=dict(request.headers),
        content=request.body,
        timeout=httpx2.Timeout(ANSWER_SECONDS + request.wait, connect=CONNECT_SECONDS),
    )
