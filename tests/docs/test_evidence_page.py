"""The table over all benches gives a score one direction, and says where it misleads."""

from typing import Any

from benchmarks.evidence.overview import everywhere, holding, rows_of, table

HEADS = {("a", "t"): "a", ("b", "x-t"): "b x", ("b", "y-t"): "b y"}


def item(kind: str, low: float, value: float, high: float) -> dict[str, Any]:
    spearman = {"low": low, "value": value, "high": high}
    return {"kind": kind, "all": {"metrics": {"spearman": spearman}}}


FOUND: dict[tuple[str, str], dict[str, Any]] = {
    ("a", "t"): {
        "steady": item("ensemble", 0.4, 0.5, 0.6),
        "turned": item("proxy", -0.9, -0.8, -0.7),
        "theirs": item("published", 0.1, 0.2, 0.3),
    },
    ("b", "x-t"): {
        "steady": item("ensemble", 0.1, 0.2, 0.3),
        "turned": item("proxy", 0.3, 0.4, 0.5),
    },
    ("b", "y-t"): {
        "steady": item("ensemble", 0.01, 0.11, 0.21),
        "turned": item("proxy", -0.1, 0.1, 0.3),
    },
}


def test_a_score_has_one_direction_on_all_benches() -> None:
    found = rows_of(FOUND)
    assert table(found, HEADS).splitlines()[2:] == [
        "| `steady` | .50 | .20 | .11 |",
        "| `-turned` | .80 | -.40 | (-.10) |",
    ]
    assert everywhere(found, HEADS) == "`steady`"


def test_it_says_where_a_score_holds() -> None:
    nothing = {"metrics": {"spearman": {"undefined": "the score is the same for all"}}}
    found = {**FOUND, ("a", "t"): {**FOUND["a", "t"], "turned": {"kind": "proxy", "all": nothing}}}
    assert holding(rows_of(found), HEADS).splitlines()[2:] == [
        "| `steady` | 3 of 3 | .110 [.010, .210], b y | - | - | - |",
        "| `turned` | 1 of 3 | .100 [-.100, .300], b y | b: y | - | a |",
    ]
