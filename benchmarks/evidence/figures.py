"""The figures of docs/evidence.md, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.evidence.tables import ours

Json = dict[str, Any]

# The same file for the same numbers; letters stay letters.
mpl.rcParams.update({"svg.hashsalt": "nascore", "svg.fonttype": "none", "font.size": 9})

INK, ALL, TOP = "#333333", "#2b6cb0", "#dd6b20"


def intervals(items: Mapping[str, Json], title: str, path: Path) -> None:
    """Spearman of every proxy and ensemble that ranks anything, of all and inside the true top
    tenth."""
    names = [name for name in ours(items) if "value" in items[name]["all"]["metrics"]["spearman"]]
    names = names[::-1]
    figure = Figure(figsize=(7, 0.22 * len(names) + 1), layout="constrained")
    axes = figure.subplots()
    inside = ("top_tenth", TOP, "inside the true top 10 %")
    for part, colour, label in (("all", ALL, "all"), inside):
        places, found = [], []
        for place, name in enumerate(names):
            metric = items[name][part]["metrics"]["spearman"]
            if "value" in metric:
                places.append(place)
                found.append((metric["low"], metric["value"], metric["high"]))
        low, value, high = np.array(found).T
        axes.hlines(places, low, high, color=colour, alpha=0.5, linewidth=3)
        axes.plot(value, places, "o", color=colour, markersize=4, label=label)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("Spearman's correlation with accuracy, 95 % interval")
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    write(figure, path)


def against(
    pairs: Sequence[tuple[float, float]], score: str, accuracy: str, title: str, path: Path
) -> None:
    """Score against accuracy, an architecture a point; the true top tenth in another colour."""
    values = np.array(pairs)
    best = values[:, 1] >= np.quantile(values[:, 1], 0.9)
    figure = Figure(figsize=(7, 4), layout="constrained")
    whole, top = figure.subplots(1, 2, width_ratios=(2, 1))
    for axes, chosen in ((whole, slice(None)), (top, best)):
        x, y, is_best = values[chosen, 0], values[chosen, 1], best[chosen]
        colours = np.where(is_best, TOP, ALL)
        axes.scatter(x, y, s=3, c=colours, alpha=0.4, linewidths=0, rasterized=True)
        axes.set_xlabel(score)
        axes.spines[["top", "right"]].set_visible(False)
    whole.set_ylabel(accuracy)
    whole.set_title(title, loc="left", fontsize=10)
    top.set_title("the true top 10 %", loc="left", fontsize=10)
    write(figure, path)


def write(figure: Figure, path: Path) -> None:
    """The same file for the same numbers: no date is in it."""
    figure.savefig(path, format="svg", dpi=150, metadata={"Date": None}, facecolor="white")
