"""What `GET /proxies` answers."""

from typing import Literal, TypedDict

from service.client.answers.correlations import Times
from service.client.answers.scores import Direction


class TimesUnder(Times):
    """The same under one protocol of a bench."""

    bench: str
    protocol: str


class ProxyCost(TypedDict):
    """Of a proxy or an ensemble."""

    minibatches: int | None
    minibatches_under: dict[str, int]
    forwards: int | None
    image_forwards: int | None
    multiply_adds: dict[str, dict[str, float]]
    measured: list[TimesUnder]


class Ensemble(TypedDict):
    """How several proxies are ranked as one."""

    rule: Literal["log_rank", "copeland"]
    members: dict[str, int]
    labels: str | None
    default_of: list[str]


class Proxy(TypedDict):
    """A proxy, or an ensemble of some."""

    name: str
    summary: str
    source: str
    revision: int
    better: dict[str, Direction]
    evidence: dict[str, str]
    structural: bool
    cost: ProxyCost
    ensemble: Ensemble | None
