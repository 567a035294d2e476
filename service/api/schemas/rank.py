"""The leaderboard as answers show it."""

from typing import Any

from pydantic import BaseModel, Field

from service.api.schemas.protocol import Protocol
from service.catalogue import Direction


class Ranked(BaseModel):
    """One row of a board."""

    rank: int = Field(description="From 1; equal scores share a rank.")
    hash: str
    spec: dict[str, Any]
    score: float
    accuracy: float | None = Field(description="The trained truth, where it is known.")


class Board(BaseModel):
    """A page of a leaderboard, best first."""

    bench: str
    proxy: str
    protocol: Protocol
    direction: Direction = Field(description="Which scores are better, on this bench.")
    evidence: str = Field(description="On what the direction rests.")
    total: int = Field(description="Architectures with a score.")
    undefined: int = Field(description="Architectures left out because theirs is undefined.")
    items: list[Ranked]
    next: str | None = Field(description="The cursor of the next page, null on the last one.")
