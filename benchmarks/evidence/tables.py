"""Tables in Markdown, of the items of `GET /correlation`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

METRICS = {
    "spearman": "Spearman",
    "kendall_tau_b": "Kendall tau-b",
    "pairwise_agreement": "pairwise",
    "ndcg@64": "ndcg@64",
    "precision@10%": "precision@10 %",
    "top5_in_best64": "top 5 % in best 64",
}


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def short(value: float, digits: int = 3) -> str:
    """`.913`, `-.040`, `1.000`."""
    text = f"{abs(value):.{digits}f}"
    return ("-" if value < 0 and float(text) else "") + text.removeprefix("0")


def interval_of(item: Json, metric: str, part: str = "all") -> tuple[float, float, float]:
    """Its lower end, the value, its upper end."""
    found = item[part]["metrics"][metric]
    return found["low"], found["value"], found["high"]


def interval(item: Json | None, metric: str, part: str = "all") -> str:
    """`.913 [.909, .917]`, or a dash with the reason left to the answer."""
    if item is None:
        return "-"
    if "undefined" in item[part]["metrics"][metric]:
        return "undefined"
    low, value, high = interval_of(item, metric, part)
    return f"{short(value)} [{short(low)}, {short(high)}]"


def ours(items: Mapping[str, Json], kinds: Sequence[str] = ("proxy", "ensemble")) -> list[str]:
    """The scores of these kinds, the best first; what ranks nothing comes last."""

    def worth(name: str) -> tuple[bool, float]:
        found: Json = items[name]["all"]["metrics"]["spearman"]
        value = float(found.get("value", 0.0))
        return "value" in found, value if items[name]["direction"] == "larger" else -value

    return sorted((n for n in items if items[n]["kind"] in kinds), key=worth, reverse=True)


def by_truth(found: Mapping[str, Mapping[str, Json]], part: str = "all") -> str:
    """Spearman of every proxy and ensemble beside each truth, by what heads its column."""
    first = next(iter(found.values()))
    head, counts = [*found], []
    if part == "all":
        head, counts = [*found, "undefined"], [lambda name: str(first[name]["all"]["undefined"])]
    return rows(
        ["score", *head],
        (
            [
                f"`{name}`",
                *(interval(of.get(name), "spearman", part) for of in found.values()),
                *(count(name) for count in counts),
            ]
            for name in ours(first)
        ),
    )


def all_metrics(items: Mapping[str, Json], part: str) -> str:
    """Every metric of every proxy and ensemble; where one has fewer architectures than another,
    with how many."""
    names = ours(items)
    sizes = {name: f"{items[name][part]['architectures']:,}" for name in names}
    head, counts = ["score", *METRICS.values()], len(set(sizes.values())) > 1
    return rows(
        [*head, "architectures"] if counts else head,
        (
            [
                f"`{name}`",
                *(interval(items[name], metric, part) for metric in METRICS),
                *([sizes[name]] if counts else []),
            ]
            for name in names
        ),
    )


def others(items: Mapping[str, Json]) -> str:
    """Other tools' scores of the same architectures, and shorter trainings."""
    return rows(
        ["score", "members", "Spearman", "inside the true top 10 %"],
        (
            [
                f"`{name}`",
                str(items[name]["all"]["members"]),
                interval(items[name], "spearman"),
                interval(items[name], "spearman", "top_tenth"),
            ]
            for name in ours(items, ("published", "reduced_training"))
        ),
    )
