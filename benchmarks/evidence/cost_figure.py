"""The figure of rank correlation against cost, as SVG: what trains nothing beside what trains."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.evidence.figures import ALL, INK, TOP, write

Json = dict[str, Any]

FREE = 0.12
"""Where 0 stands on the logarithmic axis: far enough from 1 for the names between."""

KINDS = {
    "proxy": ("zero-cost proxy", ALL, "o"),
    "ensemble": ("ensemble", TOP, "D"),
    "reduced_training": ("reduced training, from the bench's table", "#2f855a", "s"),
    "as_published": ("reduced training, as published", "#777777", "x"),
}
"""By kind: what it is called, its colour and its marker."""


@dataclass(frozen=True, slots=True)
class Point:
    """A score with what it costs and how well it ranks, in the direction of its better values."""

    name: str
    kind: str
    minibatches: float
    spearman: float
    interval: tuple[float, float] | None = None


ECONAS = (
    Point("EcoNAS", "as_published", 980, 0.61),
    Point("EcoNAS+", "as_published", 891, 0.80),
    Point("full, epoch 5", "as_published", 980, 0.68),
    Point("full, epoch 10", "as_published", 1_960, 0.75),
    Point("full, epoch 20", "as_published", 3_920, 0.80),
    Point("full, epoch 40", "as_published", 7_840, 0.82),
)
"""Abdelfattah et al. 2021, after EcoNAS (Zhou et al. 2020), read off its figure: all spellings of
NB201 against CIFAR-10 test accuracy. EcoNAS is 8×8 images, 4 channels, epoch 20; EcoNAS+ 16×16, 8
channels, epoch 15; the full network has 32×32 and 16."""


def points(items: Mapping[str, Json]) -> Iterator[Point]:
    """Of the items of `GET /correlation`, those with a cost in minibatches and a Spearman."""
    for name, item in items.items():
        found, minibatches = item["all"]["metrics"]["spearman"], item["cost"]["minibatches"]
        if minibatches is None or "undefined" in found or item["kind"] not in KINDS:
            continue
        low, value, high = found["low"], found["value"], found["high"]
        if item["direction"] == "smaller":
            low, value, high = -high, -value, -low
        yield Point(name, item["kind"], minibatches, value, (low, high))


def cost(
    items: Mapping[str, Json], title: str, path: Path, published: Sequence[Point] = ()
) -> None:
    """Spearman, in each score's direction, against minibatches: an SVG.

    `items` are those of one answer of `GET /correlation`, by proxy. Those without a known cost are
    left out. `published` are others' figures, of the same truth and set.
    """
    drawn = [*points(items), *published]
    figure = Figure(figsize=(9.5, 6), layout="constrained")
    axes = figure.subplots()
    for kind, (label, colour, marker) in KINDS.items():
        of_kind = [point for point in drawn if point.kind == kind]
        for point in of_kind:
            if point.interval is not None:
                axes.vlines(_x(point), *point.interval, color=colour, alpha=0.35, linewidth=2)
        if of_kind:
            x, y = [_x(point) for point in of_kind], [point.spearman for point in of_kind]
            axes.plot(x, y, marker, color=colour, markersize=4, label=label)
    _axes(axes, drawn)
    axes.set_title(title, loc="left", fontsize=10)
    for column in _columns(drawn):
        _name(axes, column)
    write(figure, path)


def _x(point: Point) -> float:
    return point.minibatches or FREE


def _axes(axes: Axes, drawn: Sequence[Point]) -> None:
    axes.set_xscale("log")
    right = max(_x(point) for point in drawn)
    # Room for the names of the last column.
    axes.set_xlim(FREE / 1.3, right * 4)
    powers = [10**n for n in range(6) if 10**n <= right * 2]
    axes.set_xticks([FREE, *powers], ["0", *(f"{power:,}" for power in powers)])
    axes.set_xticks([], minor=True)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_xlabel("cost in minibatches")
    axes.set_ylabel("Spearman's correlation with accuracy, in the score's direction")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _columns(drawn: Sequence[Point]) -> Iterator[list[Point]]:
    """Points that stand so near to one another that their names would meet, from below."""
    column: list[Point] = []
    for point in sorted(drawn, key=_x):
        if column and _x(point) > 1.5 * _x(column[0]):
            yield sorted(column, key=lambda each: each.spearman)
            column = []
        column.append(point)
    if column:
        yield sorted(column, key=lambda each: each.spearman)


def _name(axes: Axes, column: Sequence[Point]) -> None:
    """Names beside the points, each pushed up until it is clear of the one below."""
    bottom, top = axes.get_ylim()
    apart = 0.021 * (top - bottom)
    lowest = bottom
    for point in column:
        y = max(point.spearman, lowest)
        lowest = y + apart
        axes.annotate(
            point.name,
            (_x(point), y),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=5.8,
            color=KINDS[point.kind][1],
        )
