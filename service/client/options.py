"""The optional fields and queries of calls; what is absent or None is the service's default."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict


class SampleOf(TypedDict, total=False):
    """Random architectures: those that `sample` gives."""

    n: Required[int]
    seed: int


class Under(TypedDict, total=False):
    """Under what protocol scores are."""

    protocol: str
    dataset: str
    seed: int


class Around(Under, total=False):
    """Of an architecture's neighbours."""

    drawing: bool


class Standing(Under, total=False):
    """Of `GET /architectures/{bench}/{hash}/standing`."""

    proxy: str | None


class Score(Under, total=False):
    """Of `POST /score`."""

    sample: SampleOf
    proxies: Sequence[str]
    priority: Literal["live", "bulk"]


class Propose(Under, total=False):
    """Of `POST /propose`: exactly one of `sample`, `architectures` and `parents`."""

    sample: SampleOf
    architectures: Sequence[Mapping[str, Any]] | Literal["all"]
    parents: Sequence[Mapping[str, Any] | str]
    k: int
    exclude: Sequence[Mapping[str, Any] | str]
    proxy: str
    priority: Literal["live", "bulk"]


class Jobs(TypedDict, total=False):
    """Of `GET /jobs`: those in a state, or of a priority."""

    state: Literal["running", "done", "cancelled"] | None
    priority: Literal["live", "bulk", "background"] | None


class Rank(Under, total=False):
    """Of `GET /rank`."""

    proxy: str | None
    truth: str | None
    cursor: str | None
    sort: Literal["score", "accuracy", "parameters", "flops"]
    reverse: bool
    offset: int | None
    at: str | None
    parameters_min: int | None
    parameters_max: int | None
    flops_min: int | None
    flops_max: int | None
    accuracy: Literal["known"] | None


class Correlation(Under, total=False):
    """Of `GET /correlation`."""

    truth: str | None
    members: str
    order: str


class Points(Under, total=False):
    """Of `GET /correlation/points`."""

    truth: str | None
    accuracy: Literal["known"] | None


class Table(TypedDict, total=False):
    """What `PUT /accuracies` wants to know of a table as a whole."""

    bench: Required[str]
    dataset: Required[str]
    split: Required[Literal["validation", "test"]]
    epochs: Required[int]
    source: Required[str]
    metric: str
    name: str
