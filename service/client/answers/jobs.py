"""Jobs and their results."""

from typing import Literal, TypedDict

from service.client.answers.protocol import Protocol
from service.client.answers.scores import Result


class Counts(TypedDict):
    """How many architectures of a job are in each state."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int


class EpochCounts(TypedDict):
    """How far the trainings of a job are, all architectures together."""

    done: int
    asked: int


class Reason(TypedDict):
    """Why some architectures of a job failed."""

    type: str
    detail: str
    architectures: int
    hashes: list[str]


class Job(TypedDict):
    """What one request asked for, and how far it is."""

    job: str
    bench: str
    protocol: Protocol
    proxies: list[str]
    priority: Literal["live", "bulk", "background"]
    state: Literal["running", "done", "cancelled"]
    counts: Counts
    reasons: list[Reason]
    epochs: EpochCounts | None
    seconds_left: float | None
    created_at: str
    ended_at: str | None


class ResultPage(TypedDict):
    """Results in the order asked."""

    results: list[Result]
    next: str | None


class Under(TypedDict):
    """A protocol, as lists of jobs name it."""

    name: str
    digest: str
    dataset: str
    seed: int


class ListedJob(TypedDict):
    """A job as lists have it."""

    job: str
    bench: str
    protocol: Under
    proxies: list[str]
    priority: Literal["live", "bulk", "background"]
    state: Literal["running", "done", "cancelled"]
    size: int
    finished: int
    failed: int
    reasons: list[Reason]
    epochs: EpochCounts | None
    seconds_left: float | None
    created_at: str
    ended_at: str | None


class JobPage(TypedDict):
    """Jobs, the newest first."""

    jobs: list[ListedJob]
    next: str | None
