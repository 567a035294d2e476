"""What `POST /score` answers."""

from typing import Literal, TypedDict

from service.client.answers.benches import Spelling
from service.client.answers.protocol import Protocol

Direction = Literal["larger", "smaller"]
"""Which of two scores counts as the better one."""


class Failure(TypedDict):
    """Why an evaluation was set aside."""

    type: str
    detail: str


class Result(TypedDict):
    """What is known of one architecture."""

    hash: str
    asked: Spelling
    spec: Spelling
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    scores: dict[str, float | None]
    undefined: dict[str, str]
    error: Failure | None


class ScoreAnswer(TypedDict):
    """The answer to one request of scores."""

    job: str | None
    bench: str
    protocol: Protocol
    results: list[Result]


class Scores(TypedDict):
    """The answers to all requests of one call."""

    jobs: list[str]
    """Of the requests where something had to be computed."""
    bench: str
    protocol: Protocol
    results: list[Result]
