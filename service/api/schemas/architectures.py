"""One architecture and all that is known of it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

from service.api.schemas.drawing import Drawing
from service.api.schemas.protocol import Protocol, TrainingRecipe
from service.api.schemas.score import NAME, SEEDS, Written

HASH = "^[0-9a-f]{32}$"


class ScoreRecord(BaseModel):
    """A score and where it came from."""

    protocol: str = Field(description="The digest of the protocol.")
    proxy: str
    revision: int
    value: float | None
    undefined: str | None
    percentile: float | None = Field(
        description="Of the protocol's reference population, how many percent it beats in the "
        "proxy's direction; a tie counts half. Null where there is no population."
    )
    population: int | None = Field(description="The version of that population.")
    device: str
    torch: str
    seconds: float = Field(description="Of the computation that gave it and its companions.")
    created_at: datetime


class TrainedSpelling(BaseModel):
    """A spelling and its accuracy in one series."""

    spelling: Written
    accuracy: float = Field(description="The mean over its seeds.")
    values: int = Field(description="How many values that is the mean of.")


class Accuracy(BaseModel):
    """What one series says of a class of spellings."""

    series: str
    dataset: str
    split: Literal["validation", "test"] | None
    epochs: int | None
    metric: str
    mean: float = Field(description="Over the spellings that were trained.")
    count: int = Field(description="How many spellings that are.")
    spread: float = Field(description="The largest of theirs minus the smallest.")
    spellings: list[TrainedSpelling] = Field(description="The first hundred of them.")


class TrainingAnswer(BaseModel):
    """One reduced training, epoch by epoch: every one of them is a score."""

    dataset: str
    seed: int = Field(description="Of weights, samples, their order, crops and flips.")
    skeleton: dict[str, int]
    batch_size: int
    recipe: TrainingRecipe
    accuracies: list[float] = Field(
        description="On the test images after each epoch that is done, in [0, 1]."
    )
    losses: list[float] = Field(description="The mean cross-entropy of each epoch.")
    seconds: list[float] = Field(description="What each epoch took.")
    diverged: str | None = Field(description="Why there is no further epoch; null otherwise.")
    device: str = Field(description="Of the last epoch, as is `torch`.")
    torch: str
    updated_at: datetime


class ArchitectureAnswer(BaseModel):
    """A class of spellings that are one network."""

    bench: str
    hash: str
    spec: Written = Field(description="The representative of the class.")
    spellings: list[Written] = Field(description="The first of its spellings.")
    spellings_total: int
    parameters: int = Field(description="Of the `full` network with ten classes.")
    flops: int = Field(description="Multiply-adds of one image of that network.")
    drawing: Drawing
    protocols: list[Protocol] = Field(description="Those that it has scores under.")
    scores: list[ScoreRecord]
    accuracy: list[Accuracy] = Field(
        description="What is known of training, by series, the most telling one first: top-1 "
        "before other metrics, test before validation, more epochs before fewer."
    )
    trainings: list[TrainingAnswer] = Field(description="Its reduced trainings here.")


class Known(BaseModel):
    """A hash and what is known of it under one protocol."""

    hash: str
    spec: Written | None = Field(
        description="The representative; null for a hash that nobody has asked for."
    )
    scores: dict[str, float] = Field(description="By proxy; those there are.")
    undefined: dict[str, str] = Field(description="Why a score is undefined, by proxy.")
    drawing: Drawing | None = Field(description="Where it is asked for, and `spec` is known.")


class KnownAnswer(BaseModel):
    """Scores that are there already; nothing is queued for the others."""

    bench: str
    protocol: Protocol
    architectures: list[Known]


class LookupRequest(BaseModel):
    """Many hashes at once."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"bench": "nb201", "hashes": ["d01cd8f572adc5e759ca8b8af861d441"]}]
        },
    )

    bench: str = Field(pattern=NAME)
    # The first wrong one is enough: a fault for each of a million would take gigabytes.
    hashes: Annotated[list[Annotated[str, Field(pattern=HASH)]], FailFast()] = Field(min_length=1)
    proxies: list[str] | None = Field(None, min_length=1, max_length=100)
    protocol: str = Field("fast", pattern=NAME)
    dataset: str = Field("patches", pattern=NAME)
    seed: int = Field(0, ge=0, lt=SEEDS)
    drawing: bool = Field(
        False, description="With drawings, of as many as `page_limit` of `GET /` says."
    )
