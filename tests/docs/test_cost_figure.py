"""The figure of correlation against cost shows what it is given, each at its place."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="figures are drawn with matplotlib")

from benchmarks.evidence.cost_figure import ECONAS, Point, cost, points


def item(kind: str, direction: str, minibatches: int | None, **metric: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "direction": direction,
        "cost": {"minibatches": minibatches},
        "all": {"metrics": {"spearman": metric}},
    }


ITEMS = {
    "params": item("proxy", "larger", 0, value=0.7, low=0.6, high=0.8),
    "snip": item("proxy", "smaller", 1, value=-0.4, low=-0.5, high=-0.3),
    "vote": item("ensemble", "larger", 3, value=0.8, low=0.7, high=0.9),
    "short": item("reduced_training", "larger", 2_352, value=0.87, low=0.86, high=0.88),
    "theirs": item("published", "larger", None, value=0.5, low=0.4, high=0.6),
    "zen": item("proxy", "larger", 1, undefined="the score is the same for all"),
}


def test_points_have_the_score_s_direction_and_a_cost() -> None:
    assert list(points(ITEMS)) == [
        Point("params", "proxy", 0, 0.7, (0.6, 0.8)),
        Point("snip", "proxy", 1, 0.4, (0.3, 0.5)),
        Point("vote", "ensemble", 3, 0.8, (0.7, 0.9)),
        Point("short", "reduced_training", 2_352, 0.87, (0.86, 0.88)),
    ]


def test_the_same_numbers_are_the_same_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for path in (first, second):
        cost(ITEMS, "made up", path, ECONAS)
    drawn = first.read_text()
    assert second.read_text() == drawn
    for shown in ("params", "snip", "vote", "short", "EcoNAS+", "as published", "made up"):
        assert f">{shown}" in drawn or f"{shown}<" in drawn, shown
    assert ">theirs<" not in drawn
    assert ">zen<" not in drawn
