"""How far scores can be trusted, as answers show it."""

import csv
import io
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from service.api.schemas.cost import CorrelatedCost
from service.api.schemas.protocol import Protocol
from service.catalogue import Direction

Metric = Literal[
    "spearman",
    "kendall_tau_b",
    "pairwise_agreement",
    "ndcg@64",
    "precision@10%",
    "top5_in_best64",
]
"""Those of `service.evidence`, which the API does not import: SciPy is a worker's."""

METRICS: tuple[Metric, ...] = get_args(Metric)

SIGNED: frozenset[str] = frozenset({"spearman", "kendall_tau_b"})
"""Those of the score itself; the others go by the catalogue's direction."""

Order = Literal[Metric, "cost"]

Set = Literal["classes", "spellings", "whole_spellings"]


class Interval(BaseModel):
    """A metric with its 95 % interval."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float = Field(description="Of the 95 % bootstrap interval over architectures.")
    high: float


class Undefined(BaseModel):
    """A metric without a value."""

    model_config = ConfigDict(extra="forbid")

    undefined: str = Field(description="Why there is none.")


class Found(BaseModel):
    """What is found in one set."""

    members: int = Field(description="How many are compared.")
    architectures: int = Field(description="How many different ones they are.")
    undefined: int = Field(description="Members without a score, ranked last and tied.")
    resamples: int = Field(description="Of the bootstrap; 0 where nothing is defined.")
    metrics: dict[Metric, Interval | Undefined]

    @field_validator("metrics")
    @classmethod
    def _in_order(
        cls, metrics: dict[Metric, Interval | Undefined]
    ) -> dict[Metric, Interval | Undefined]:
        # The database keeps no order of its own.
        return {name: metrics[name] for name in METRICS}


class Truth(BaseModel):
    """The trained accuracy that a score is compared with."""

    name: str
    dataset: str
    split: Literal["validation", "test"] | None
    metric: str = Field(examples=["top1_percent"])
    epochs: int | None = Field(description="Of training.")
    source: str = Field(description="Who measured it.")


class Correlated(BaseModel):
    """How well one score ranks the architectures."""

    proxy: str = Field(description="A proxy, an ensemble, or the name of a series.")
    kind: Literal["proxy", "ensemble", "published", "reduced_training"]
    published: bool = Field(description="Whether the scores are another's and not this service's.")
    revision: int | None = Field(description="Of a proxy; of an ensemble, its population.")
    direction: Direction = Field(description="Which scores are better.")
    cost: CorrelatedCost
    all: Found
    top_tenth: Found = Field(description="Among the true best tenth alone.")
    computed_at: datetime
    seconds: float = Field(description="What the computation took.")
    stale: bool = Field(description="Whether accuracies, or scores beside them, changed since.")


class Correlations(BaseModel):
    """What is known of a bench's scores beside one truth."""

    bench: str
    protocol: Protocol
    truth: Truth | None = Field(description="Null where no accuracies of the bench are known.")
    truths: list[str] = Field(description="What `truth` may be.")
    members: Set = Field(description="What is compared: the set.")
    order: Order
    missing: list[str] = Field(description="What an answer would still need.")
    items: list[Correlated]


CSV_HEADER = (
    *("proxy", "kind", "revision", "direction", "truth", "members_are"),
    *("cost_minibatches", "cost_multiply_adds", "cost_seconds", "cost_device"),
    *(
        f"{part}{column}"
        for part in ("", "top_tenth_")
        for column in (
            *("members", "architectures", "undefined"),
            *(f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")),
        )
    ),
    *("computed_at", "stale"),
)


def as_csv(truth: str, members: str, items: Sequence[Correlated]) -> str:
    """The rows as RFC 4180 has them, under a header; an undefined metric is empty.

    No text begins as a spreadsheet's formula does: they are names, and the service's own words.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(CSV_HEADER)
    for item in items:
        named = (item.proxy, item.kind, item.revision, item.direction, truth, members)
        named = (*named, *_cost_cells(item.cost))
        found = (*_cells(item.all), *_cells(item.top_tenth))
        writer.writerow((*named, *found, item.computed_at.isoformat(), str(item.stale).lower()))
    return table.getvalue()


def _cost_cells(cost: CorrelatedCost) -> tuple[Any, ...]:
    device = cost.measured[0].device if cost.measured else None
    return cost.minibatches, cost.multiply_adds, cost.seconds, device


def _cells(found: Found) -> list[Any]:
    cells: list[Any] = [found.members, found.architectures, found.undefined]
    for name in METRICS:
        metric = found.metrics[name]
        if isinstance(metric, Interval):
            cells += [metric.value, metric.low, metric.high]
        else:
            cells += [None, None, None]
    return cells


def order_of(item: Correlated, order: Order) -> tuple[bool, float, float, str, str]:
    """Sorts the most telling first, by the metric in the score's direction, or the cheapest: by
    minibatches, then by seconds; what has neither last, and equals by name."""
    if order == "cost":
        minibatches, seconds = item.cost.minibatches, item.cost.seconds
        return minibatches is None, minibatches or 0, _last(seconds), item.kind, item.proxy
    found = item.all.metrics[order]
    if isinstance(found, Undefined):
        return True, 0.0, 0.0, item.kind, item.proxy
    turned = order in SIGNED and item.direction == "smaller"
    return False, found.value if turned else -found.value, 0.0, item.kind, item.proxy


def _last(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
