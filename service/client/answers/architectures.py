"""Architectures, and what is known of them."""

from typing import Literal, TypedDict

from service.client.answers.benches import Spelling
from service.client.answers.drawing import Drawing
from service.client.answers.protocol import Protocol


class ScoreRecord(TypedDict):
    """A score and where it came from."""

    protocol: str
    proxy: str
    revision: int
    value: float | None
    undefined: str | None
    percentile: float | None
    population: int | None
    device: str
    torch: str
    seconds: float
    created_at: str


class TrainedSpelling(TypedDict):
    """A spelling and its accuracy in one series."""

    spelling: Spelling
    accuracy: float
    values: int


class Accuracy(TypedDict):
    """What one series says of a class of spellings."""

    series: str
    dataset: str
    split: Literal["validation", "test"] | None
    epochs: int | None
    metric: str
    mean: float
    count: int
    spread: float
    spellings: list[TrainedSpelling]


class TrainingRecipe(TypedDict):
    """How a network is trained."""

    samples: int
    schedule_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float


class TrainingAnswer(TypedDict):
    """One reduced training, epoch by epoch."""

    dataset: str
    seed: int
    skeleton: dict[str, int]
    batch_size: int
    recipe: TrainingRecipe
    accuracies: list[float]
    losses: list[float]
    seconds: list[float]
    diverged: str | None
    device: str
    torch: str
    updated_at: str


class Architecture(TypedDict):
    """A class of spellings that are one network."""

    bench: str
    hash: str
    spec: Spelling
    spellings: list[Spelling]
    spellings_total: int
    parameters: int
    flops: int
    drawing: Drawing
    protocols: list[Protocol]
    scores: list[ScoreRecord]
    accuracy: list[Accuracy]
    trainings: list[TrainingAnswer]


class Known(TypedDict):
    """A hash and what is known of it under one protocol."""

    hash: str
    spec: Spelling | None
    scores: dict[str, float]
    undefined: dict[str, str]
    drawing: Drawing | None


class KnownArchitectures(TypedDict):
    """Scores that are there already."""

    bench: str
    protocol: Protocol
    architectures: list[Known]


class Read(TypedDict):
    """A spelling, and the architecture that it spells."""

    hash: str
    asked: Spelling
    slots: list[str]
    spec: Spelling
    whole: bool
    parameters: int
    flops: int
    drawing: Drawing | None


class ReadArchitectures(TypedDict):
    """What spellings mean."""

    bench: str
    architectures: list[Read]
