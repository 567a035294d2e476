"""What the service does now, as answers show it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.api.schemas.jobs import EpochCounts, Reason

LEFT = (
    "Seconds until its end where nothing else is asked for, by what such evaluations have been "
    "measured to take on the workers' devices; null where nobody can say."
)


class Under(BaseModel):
    """A protocol's name, and what besides the bench makes it the one it is."""

    name: str
    digest: str
    dataset: str
    seed: int


class ListedJob(BaseModel):
    """A job as lists have it: nothing of it depends on how many architectures it has."""

    job: UUID
    bench: str
    protocol: Under
    proxies: list[str]
    priority: Literal["live", "bulk", "background"]
    state: Literal["running", "done", "cancelled"]
    size: int = Field(description="How many architectures it has.")
    finished: int = Field(description="How many of them have their answer, failed ones included.")
    failed: int
    reasons: list[Reason] = Field(description="Why they failed, the commonest reason first.")
    epochs: EpochCounts | None = Field(description="Of reduced training alone.")
    seconds_left: float | None = Field(description=LEFT)
    created_at: datetime
    ended_at: datetime | None


class JobPage(BaseModel):
    """Jobs, the newest first."""

    jobs: list[ListedJob]
    next: str | None = Field(description="The cursor of the next page, null on the last one.")


class Waiting(BaseModel):
    """The running jobs of a priority."""

    jobs: int
    architectures: int = Field(description="How many of theirs have no answer yet.")
    seconds_left: float | None = Field(
        description="Until all of them and all that goes before them are done; null where nobody "
        "can say."
    )


class Queue(BaseModel):
    """What waits and what is in hand, by priority: each goes before the next."""

    live: Waiting
    bulk: Waiting
    background: Waiting


class Rate(BaseModel):
    """How fast architectures are computed, all workers together, as they have written it down."""

    per_second: float = Field(description="In the last half minute, failed ones included.")
    slot_seconds: int
    until: datetime = Field(description="When the last slot of those below ended.")
    evaluated: list[int] = Field(description="In each of the last slots, the oldest first.")
    failed: list[int] = Field(description="The same of those that were set aside.")


class Question(BaseModel):
    """What a worker computes for `GET /correlation`."""

    bench: str
    score: str
    truth: str
    members: str


class Task(BaseModel):
    """Something that a worker has in hand."""

    kind: Literal["scores", "training", "evidence"] = Field(
        description="Of several, the worker does them in turn, `scores` before the others."
    )
    job: UUID | None = Field(description="Null of evidence, which nobody asked for.")
    bench: str | None
    protocol: str | None = Field(description="The name.")
    architectures: int
    hashes: list[str] = Field(description="The first few of them.")
    epoch: int | None = Field(description="Of a training: the one that it is in, from 1.")
    epochs: int | None
    question: Question | None = Field(description="Of evidence.")


class Worker(BaseModel):
    """A worker heard of lately."""

    id: UUID
    host: str
    pid: int
    device: str
    torch: str
    started_at: datetime
    seen_at: datetime = Field(description="It says that it lives every ten seconds or so.")
    per_second: float = Field(description="What it computed in the last half minute.")
    tasks: list[Task]


class Work(BaseModel):
    """What the service does at a moment."""

    at: datetime
    queue: Queue
    in_hand: int = Field(description="Architectures that workers have in hand.")
    rate: Rate
    workers: list[Worker]
