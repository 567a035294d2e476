"""One score of the table: how well it ranks, and what it costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.evidence import Members, findings
from service.evidence.findings import Interval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    name: str
    protocol: str
    undefined: int
    """Cells without a value, which rank last."""
    spearman: Interval | None
    """In the catalogue's direction; None where it is undefined."""
    minibatches: int | None
    seconds: float | None
    """A cell, where workers have timed it."""


def row(
    proxy: Mapping[str, Any],
    bench: str,
    protocol: str,
    scores: Floats,
    accuracies: Floats,
    trained: tuple[int | None, float] | None,
) -> Row:
    """Of one score of the same cells, by the service's own metric. `trained` are the minibatches
    and seconds of a training."""
    larger = proxy["better"][bench] == "larger"
    members = Members(np.arange(len(scores)), scores, accuracies, larger)
    steps = findings(f"reduced training: {proxy['name']} under {protocol}", members)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value.all.metrics["spearman"]
            break
    minibatches, seconds = trained or _cost(proxy["cost"], bench, protocol)
    undefined = sum(map(isnan, scores))
    spearman = _turned(found, larger) if isinstance(found, Interval) else None
    return Row(proxy["name"], protocol, undefined, spearman, minibatches, seconds)


def _cost(cost: Mapping[str, Any], bench: str, protocol: str) -> tuple[int | None, float | None]:
    timed = [
        each["seconds"]
        for each in cost["measured"]
        if (each["bench"], each["protocol"]) == (bench, protocol)
    ]
    # What needs no run takes no time.
    return cost["minibatches"], timed[0] if timed else None if cost["minibatches"] else 0.0


def _turned(found: Interval, larger: bool) -> Interval:
    return found if larger else Interval(-found.value, -found.high, -found.low)


def table(rows: Iterable[Row]) -> str:
    """As Markdown, the best first."""
    lines = ["| score | under | Spearman | minibatches | seconds a cell |", "|---|---|---|---|---|"]
    for each in sorted(rows, key=lambda row: -row.spearman.value if row.spearman else inf):
        spearman = "undefined"
        if (found := each.spearman) is not None:
            spearman = f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
        minibatches = "" if each.minibatches is None else f"{each.minibatches:,}"
        seconds = "" if each.seconds is None else f"{each.seconds:.3g}"
        lines.append(
            f"| `{each.name}` | `{each.protocol}` | {spearman} | {minibatches} | {seconds} |"
        )
    return "\n".join(lines)
