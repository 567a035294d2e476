"""One architecture and all that is known of it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class ScoreRecord(BaseModel):
    """A score and where it came from."""

    protocol: str = Field(description="The digest of the protocol.")
    proxy: str
    revision: int
    value: float | None
    undefined: str | None
    device: str
    torch: str
    seconds: float = Field(description="Of the computation that gave it and its companions.")
    created_at: datetime


class ArchitectureAnswer(BaseModel):
    """A class of spellings that are one network."""

    bench: str
    hash: str
    spec: dict[str, Any] = Field(description="The representative of the class.")
    spellings: list[dict[str, Any]] = Field(description="The first of its spellings.")
    spellings_total: int
    parameters: int = Field(description="Of the `full` network with ten classes.")
    flops: int = Field(description="Multiply-adds of one image of that network.")
    scores: list[ScoreRecord]
    accuracy: float | None = Field(description="The trained truth, where it is known.")
