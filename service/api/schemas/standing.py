"""Where one architecture stands on a board."""

from pydantic import BaseModel, Field

from service.api.schemas.protocol import Protocol
from service.catalogue import Direction


class Histogram(BaseModel):
    """How the scores of a board are spread."""

    low: float
    high: float
    counts: list[int] = Field(
        description="In parts of equal width from `low` to `high`; the outermost ones hold what "
        "lies beyond. One part where all scores are the same."
    )


class StandingAnswer(BaseModel):
    """A score among all that any client has asked for."""

    bench: str
    hash: str
    proxy: str
    protocol: Protocol
    direction: Direction = Field(description="Which scores are better, on this bench.")
    population: int | None = Field(
        description="Of an ensemble: the version of the reference population that it ranks among."
    )
    score: float | None = Field(description="Null where it has none, or none yet.")
    undefined: str | None = Field(description="Why it never has a score.")
    rank: int | None = Field(description="On the board, from 1; equal scores share a rank.")
    total: int = Field(description="How many scores the board has.")
    beaten: float | None = Field(
        description="How many percent of the others on the board it beats, the same score counting "
        "half; null where there is no other."
    )
    histogram: Histogram | None = Field(description="Of the board; null of an empty one.")
