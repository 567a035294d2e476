"""The curves of searches as SVG. Needs Matplotlib."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from service.search.mean_curves import MeanCurve

FINE, COARSE = 40, 10
"""Every point of a curve's beginning is drawn, then every tenth: nobody sees more."""


def draw(
    curves: Mapping[str, MeanCurve],
    title: str,
    path: Path,
    *,
    marks: Mapping[str, Mapping[int, float]] | None = None,
) -> None:
    """Mean curves with their intervals, by name. `marks` are others' points, by what they are: of
    some numbers of trained architectures the accuracy.

    The accuracies of the first tenth of a search are cut off where they would press the rest flat.
    """
    # The same file for the same numbers; letters stay letters.
    with mpl.rc_context({"svg.hashsalt": "nascore", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        axes = figure.subplots()
        if len(curves) > len(mpl.color_sequences["tab10"]):
            axes.set_prop_cycle(color=mpl.color_sequences["tab20"])
        for name, curve in curves.items():
            places = [n for n in range(len(curve.mean)) if n < FINE or (n + 1) % COARSE == 0]
            trained = [n + 1 for n in places]
            (line,) = axes.plot(trained, curve.mean[places], linewidth=1.4, label=name)
            low, high = curve.low[places], curve.high[places]
            axes.fill_between(trained, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
        for name, points in (marks or {}).items():
            axes.plot(list(points), list(points.values()), "x", label=name, markersize=6)
        begun = [curve.low[len(curve.low) // 10] for curve in curves.values()]
        marked = [value for points in (marks or {}).values() for value in points.values()]
        axes.set_ylim(bottom=min([*begun, *marked]))
        axes.set_xlabel("trained architectures")
        axes.set_ylabel("accuracy, %")
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", frameon=False, fontsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")
