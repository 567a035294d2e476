"""Leaderboards, and where an architecture stands on one."""

from typing import Literal, TypedDict

from service.client.answers.benches import Spelling
from service.client.answers.protocol import Protocol
from service.client.answers.scores import Direction


class Ranked(TypedDict):
    """One row of a board."""

    rank: int
    hash: str
    spec: Spelling
    score: float
    accuracy: float | None
    parameters: int
    flops: int


class Board(TypedDict):
    """A page of a leaderboard, best first unless another order is asked for."""

    bench: str
    proxy: str
    protocol: Protocol
    direction: Direction
    evidence: str
    population: int | None
    reason: str | None
    total: int
    undefined: int
    truth: str | None
    sort: Literal["score", "accuracy", "parameters", "flops"]
    reverse: bool
    offset: int
    matches: int | None
    items: list[Ranked]
    next: str | None


class Histogram(TypedDict):
    """How the scores of a board are spread."""

    low: float
    high: float
    counts: list[int]


class Standing(TypedDict):
    """A score among all of its board."""

    bench: str
    hash: str
    proxy: str
    protocol: Protocol
    direction: Direction
    population: int | None
    score: float | None
    undefined: str | None
    rank: int | None
    total: int
    beaten: float | None
    histogram: Histogram | None
