"""Series of trained accuracies, and of other tools' scores."""

from typing import Literal, NotRequired, TypedDict


class Series(TypedDict):
    """Trained accuracies, or other tools' scores, and what is said of them as a whole."""

    name: str
    kind: Literal["accuracy", "score"]
    dataset: str
    split: Literal["validation", "test"] | None
    metric: str
    epochs: int | None
    source: str
    created_at: str
    changes: int
    values: int
    architectures: int


class AccuracyRow(TypedDict):
    """One value of a series, with the fields of its spelling."""

    hash: str
    value: float
    seed: int | None
    arch: NotRequired[str]
    ops: NotRequired[list[str]]
    matrix: NotRequired[list[list[int]]]


class TakenIn(TypedDict):
    """What became of a table."""

    bench: str
    series: str
    rows: int
    values: int
    added: int
    changed: int
