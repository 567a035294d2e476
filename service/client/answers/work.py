"""What `GET /work` answers."""

from typing import Literal, TypedDict


class Waiting(TypedDict):
    """The running jobs of a priority."""

    jobs: int
    architectures: int
    seconds_left: float | None


class Queue(TypedDict):
    """What waits and what is in hand, by priority."""

    live: Waiting
    bulk: Waiting
    background: Waiting


class Rate(TypedDict):
    """How fast architectures are computed, all workers together."""

    per_second: float
    slot_seconds: int
    until: str
    evaluated: list[int]
    failed: list[int]


class Question(TypedDict):
    """What a worker computes for `GET /correlation`."""

    bench: str
    score: str
    truth: str
    members: str


class Task(TypedDict):
    """Something that a worker has in hand."""

    kind: Literal["scores", "training", "evidence"]
    job: str | None
    bench: str | None
    protocol: str | None
    architectures: int
    hashes: list[str]
    epoch: int | None
    epochs: int | None
    question: Question | None


class Worker(TypedDict):
    """A worker heard of lately."""

    id: str
    host: str
    pid: int
    device: str
    torch: str
    started_at: str
    seen_at: str
    per_second: float
    tasks: list[Task]


class Work(TypedDict):
    """What the service does at a moment."""

    at: str
    queue: Queue
    in_hand: int
    rate: Rate
    workers: list[Worker]
