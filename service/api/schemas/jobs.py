"""Jobs as answers show them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.api.schemas.protocol import Protocol
from service.api.schemas.score import Result


class Counts(BaseModel):
    """How many architectures of the job are in each state."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int


class EpochCounts(BaseModel):
    """How far the trainings of a job are, all architectures together."""

    done: int
    asked: int


class Reason(BaseModel):
    """Why some architectures of a job failed."""

    type: str = Field(examples=["too-large"])
    detail: str = Field(description="The commonest of this type.")
    architectures: int
    hashes: list[str] = Field(description="The first few of them.")


class Job(BaseModel):
    """What one request asked for, and how far it is."""

    job: UUID
    bench: str
    protocol: Protocol
    proxies: list[str]
    priority: Literal["live", "bulk", "background"] = Field(
        description="`background` of whatever is trained: workers do it in their spare time."
    )
    state: Literal["running", "done", "cancelled"]
    counts: Counts
    reasons: list[Reason] = Field(description="Why what failed did, the commonest reason first.")
    epochs: EpochCounts | None = Field(description="Of reduced training alone.")
    seconds_left: float | None = Field(
        description="While it runs: as `GET /jobs` has it; null where nobody can say."
    )
    created_at: datetime
    ended_at: datetime | None = Field(
        description="When nothing was left to do; the job is deleted some days after, see `GET /`."
    )


class Finished(Result):
    """The data of a `result` event."""

    position: int = Field(description="Of the architecture in the request, from 0.")


class Step(BaseModel):
    """The data of a `progress` event."""

    finished: int
    size: int = Field(description="How many architectures the job has.")


class Epoch(BaseModel):
    """The data of an `epoch` event: a training is one epoch further."""

    position: int = Field(description="Of the architecture in the request, from 0.")
    hash: str
    epoch: int = Field(description="From 1.")
    epochs: int = Field(description="How many are asked for.")
    accuracy: float = Field(description="On the test images, in [0, 1].")
    loss: float = Field(description="The mean of the epoch's training images.")


class ResultPage(BaseModel):
    """Results in the order asked."""

    results: list[Result]
    next: str | None = Field(description="The cursor of the next page, null on the last one.")
