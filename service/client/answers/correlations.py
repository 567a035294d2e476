"""What `GET /correlation` and its points answer."""

from typing import Literal, NotRequired, TypedDict

from service.client.answers.protocol import Protocol
from service.client.answers.scores import Direction


class Metric(TypedDict):
    """A value with the ends of its interval, or why there is none."""

    value: NotRequired[float]
    low: NotRequired[float]
    high: NotRequired[float]
    undefined: NotRequired[str]


class Compared(TypedDict):
    """What is found in one set."""

    members: int
    architectures: int
    undefined: int
    resamples: int
    metrics: dict[str, Metric]


class Times(TypedDict):
    """What a score takes on one kind of device."""

    device: str
    seconds: float
    evaluations: int
    upper_bound: bool


class Cost(TypedDict):
    """Of a score, or of a training."""

    minibatches: int | None
    multiply_adds: float | None
    seconds: float | None
    measured: list[Times]


class Truth(TypedDict):
    """The trained accuracy that scores are compared with."""

    name: str
    dataset: str
    split: Literal["validation", "test"] | None
    metric: str
    epochs: int | None
    source: str


class Correlated(TypedDict):
    """How well one score ranks the architectures."""

    proxy: str
    kind: Literal["proxy", "ensemble", "published", "reduced_training"]
    published: bool
    revision: int | None
    direction: Direction
    cost: Cost
    all: Compared
    top_tenth: Compared
    computed_at: str
    seconds: float
    stale: bool


class Correlations(TypedDict):
    """What is known of a bench's scores beside one truth."""

    bench: str
    protocol: Protocol
    truth: Truth | None
    truths: list[str]
    members: str
    order: str
    missing: list[str]
    items: list[Correlated]


class Column(TypedDict):
    """What one score says of the architectures."""

    name: str
    kind: Literal["proxy", "ensemble", "published", "reduced_training"]
    direction: Direction
    values: list[float | None]


class Points(TypedDict):
    """Scores of many architectures beside their accuracy, in columns sorted by hash."""

    bench: str
    protocol: Protocol
    truth: Truth | None
    total: int
    hashes: list[str]
    accuracies: list[float | None]
    scores: list[Column]
