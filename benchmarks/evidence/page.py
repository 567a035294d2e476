"""docs/evidence.md from what the service found: pure text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.evidence.published import (
    ESTIMATES,
    NB101_ABSOLUTE,
    NB101_RECORD,
    PUBLISHED,
)

PAGE = Path(__file__).with_name("page.md")

Json = dict[str, Any]
Correlations = Mapping[tuple[str, str, str], Mapping[str, Json]]
"""By bench, truth and set: every item of `GET /correlation` by its proxy."""

METRICS = {
    "spearman": "Spearman",
    "kendall_tau_b": "Kendall tau-b",
    "pairwise_agreement": "pairwise",
    "ndcg@64": "ndcg@64",
    "precision@10%": "precision@10 %",
    "top5_in_best64": "top 5 % in best 64",
}
SETS = {
    "classes": "classes (an architecture each, with the mean accuracy of its spellings)",
    "spellings": "spellings (each with its own accuracy and its class's score)",
    "whole_spellings": "whole spellings (those without a dead operation)",
}
NB201_TRUTHS = ("cifar10-test-200ep", "cifar100-test-200ep", "imagenet16-120-test-200ep")
NB101_TRUTH = "cifar10-validation-108ep"
HEADS = ("CIFAR-10", "CIFAR-100", "ImageNet16-120")


@dataclass(frozen=True)
class Report:
    """All that the page tells."""

    correlations: Correlations
    machine: str
    date: str
    sizes: Mapping[str, int]
    """By bench, the architectures scored."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Caption by file."""


def interval(item: Json | None, metric: str, part: str = "all") -> str:
    """`.913 [.909, .917]`, or a dash with the reason left to the answer."""
    if item is None:
        return "-"
    found = item[part]["metrics"][metric]
    if "undefined" in found:
        return "undefined"
    return f"{short(found['value'])} [{short(found['low'])}, {short(found['high'])}]"


def short(value: float) -> str:
    """`.913`, `-.040`, `1.000`."""
    text = f"{abs(value):.3f}"
    return ("-" if value < 0 and float(text) else "") + text.removeprefix("0")


def ours(items: Mapping[str, Json], kinds: Sequence[str] = ("proxy", "ensemble")) -> list[str]:
    """The proxies of these kinds, the best first."""

    def worth(name: str) -> float:
        found: Json = items[name]["all"]["metrics"]["spearman"]
        value = float(found.get("value", 0.0))
        return value if items[name]["direction"] == "larger" else -value

    return sorted((n for n in items if items[n]["kind"] in kinds), key=worth, reverse=True)


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def nb201_spearman(report: Report, members: str) -> str:
    """Every proxy and ensemble beside the three truths."""
    found = [report.correlations["nb201", truth, members] for truth in NB201_TRUTHS]
    head = ["score", *HEADS, "undefined"]
    return rows(
        head,
        (
            [
                f"`{name}`",
                *(interval(of.get(name), "spearman") for of in found),
                str(found[0][name]["all"]["undefined"]),
            ]
            for name in ours(found[0])
        ),
    )


def all_metrics(items: Mapping[str, Json], part: str) -> str:
    """Every metric of every proxy and ensemble."""
    return rows(
        ["score", *METRICS.values()],
        (
            [f"`{name}`", *(interval(items[name], metric, part) for metric in METRICS)]
            for name in ours(items)
        ),
    )


def published(report: Report) -> str:
    """Printed by others on the same set, beside ours."""

    def compared() -> Iterable[Sequence[str]]:
        for each in PUBLISHED:
            of = report.correlations[each.bench, each.truth, each.members]
            of_what = "the record" if each.proxy == "e5" else f"`{each.proxy}`"
            yield [
                f"{each.source}, {of_what}",
                each.truth,
                each.members,
                METRICS[each.metric],
                short(each.value),
                interval(of.get(each.proxy), each.metric)
                + (" (`e5`)" if each.proxy == "e5" else ""),
            ]

    return rows(["published by", "truth", "set", "metric", "theirs", "ours"], compared())


def nb101_published(report: Report) -> str:
    items = report.correlations["nb101", NB101_TRUTH, "classes"]
    body = [
        [f"`{name}`", short(theirs), interval(items.get(name), "spearman")]
        for name, theirs in NB101_ABSOLUTE.items()
    ]
    body.append(["best published", short(NB101_RECORD), interval(items["az3"], "spearman")])
    return rows(["score", "theirs, without its sign", "ours"], body)


def estimates(report: Report) -> str:
    """An earlier study's samples beside the whole space."""

    def compared() -> Iterable[Sequence[str]]:
        for name, by_set in ESTIMATES.items():
            for members, values in by_set.items():
                for truth, head, value in zip(NB201_TRUTHS, HEADS, values, strict=True):
                    items = report.correlations["nb201", truth, members]
                    yield [
                        f"`{name}`",
                        members,
                        head,
                        short(value),
                        interval(items.get(name), "spearman"),
                    ]

    return rows(["score", "set", "dataset", "on a sample", "on the whole space"], compared())


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


def written(report: Report) -> str:
    """The whole page: page.md with its tables."""
    nb201 = report.correlations["nb201", NB201_TRUTHS[0], "classes"]
    nb101 = report.correlations["nb101", NB101_TRUTH, "classes"]
    figures = {
        bench: "\n\n".join(
            f"![{caption}]({name})" for name, caption in report.figures.items() if bench in name
        )
        for bench in ("nb201", "nb101", "cost")
    }
    spearman = "\n\n".join(
        f"#### {title[0].upper()}{title[1:]}\n\n{nb201_spearman(report, members)}"
        for members, title in SETS.items()
    )
    whole = report.correlations["nb201", NB201_TRUTHS[0], "whole_spellings"]
    return Template(PAGE.read_text()).substitute(
        nb201_size=f"{report.sizes['nb201']:,}",
        nb101_size=f"{report.sizes['nb101']:,}",
        date=report.date,
        machine=report.machine,
        nb201_figures=figures["nb201"],
        nb201_spearman=spearman,
        nb201_all=all_metrics(nb201, "all"),
        nb201_top=all_metrics(nb201, "top_tenth"),
        nb101_figures=figures["nb101"],
        cost_figure=figures["cost"],
        nb101_all=all_metrics(nb101, "all"),
        nb101_top=all_metrics(nb101, "top_tenth"),
        published=published(report),
        nb101_published=nb101_published(report),
        estimates=estimates(report),
        others=others(whole),
    )
