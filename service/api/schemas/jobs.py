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


class Job(BaseModel):
    """What one request asked for, and how far it is."""

    job: UUID
    bench: str
    protocol: Protocol
    proxies: list[str]
    priority: Literal["live", "bulk"]
    state: Literal["running", "done", "cancelled"]
    counts: Counts
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


class ResultPage(BaseModel):
    """Results in the order asked."""

    results: list[Result]
    next: str | None = Field(description="The cursor of the next page, null on the last one.")
