"""docs/evidence.md from what the service found: pure text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.evidence import overview, tables
from benchmarks.evidence.overview import Place
from benchmarks.evidence.published import (
    ESTIMATES,
    NB101_ABSOLUTE,
    NB101_RECORD,
    PUBLISHED,
)
from benchmarks.evidence.suitezero import Theirs
from benchmarks.evidence.tables import METRICS, interval, rows, short

PAGE = Path(__file__).with_name("page.md")

Json = dict[str, Any]
Correlations = Mapping[tuple[str, str, str], Mapping[str, Json]]
"""By bench, truth and set: every item of `GET /correlation` by its proxy."""

SETS = {
    "nb201": ("classes", "spellings", "whole_spellings"),
    "transnas_micro": ("classes", "spellings"),
}
"""Of the benches on whose spellings others have published; all others are of classes alone."""


@dataclass(frozen=True)
class Report:
    """All that the page tells."""

    truths: Mapping[str, Mapping[str, str]]
    """By bench, the dataset or task of each truth by its name."""
    correlations: Correlations
    machine: str
    date: str
    suitezero: Mapping[tuple[str, str], Mapping[str, Theirs]]
    """By bench and dataset."""
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By what it shows, the caption by the file."""

    def items(self, place: Place) -> Mapping[str, Json]:
        """What was found beside a truth, on classes."""
        return self.correlations[(*place, "classes")]

    def as_others(self, place: Place) -> Mapping[str, Json]:
        """The same on spellings, of which others draw their samples, where a class may have several
        that were trained."""
        return self.correlations.get((*place, "spellings"), self.items(place))

    @property
    def heads(self) -> Mapping[Place, str]:
        """Of the columns over all benches."""
        return {
            (bench, truth): bench if len(of) == 1 else f"{bench} {dataset}"
            for bench, of in self.truths.items()
            for truth, dataset in of.items()
        }

    def size(self, bench: str) -> int:
        """Architectures with an accuracy that every score of ours is of."""
        items = self.items((bench, next(iter(self.truths[bench]))))
        return min(int(items[name]["all"]["architectures"]) for name in tables.ours(items))


def of_bench(report: Report, bench: str) -> Mapping[str, str]:
    """The tables and figures of a bench, by their names in the page."""
    truths = report.truths[bench]
    found = {dataset: report.items((bench, truth)) for truth, dataset in truths.items()}
    first = next(iter(found.values()))
    parts = {
        f"{bench}_size": f"{report.size(bench):,}",
        f"{bench}_figures": _figures(report, bench),
        f"{bench}_spearman": tables.by_truth(found),
        f"{bench}_spearman_top": tables.by_truth(found, "top_tenth"),
        f"{bench}_all": tables.all_metrics(first, "all"),
        f"{bench}_top": tables.all_metrics(first, "top_tenth"),
    }
    for members in ("spellings", "whole_spellings"):
        if (bench, next(iter(truths)), members) in report.correlations:
            parts[f"{bench}_{members}"] = tables.by_truth(
                {
                    dataset: report.correlations[bench, truth, members]
                    for truth, dataset in truths.items()
                }
            )
    return parts


def _figures(report: Report, of: str) -> str:
    return "\n\n".join(
        f"![{caption}]({name})" for name, caption in report.figures.get(of, {}).items()
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
    items = report.items(("nb101", next(iter(report.truths["nb101"]))))
    body = [
        [f"`{name}`", short(theirs), interval(items.get(name), "spearman")]
        for name, theirs in NB101_ABSOLUTE.items()
    ]
    body.append(["best published", short(NB101_RECORD), interval(items["az3"], "spearman")])
    return rows(["score", "theirs, without its sign", "ours"], body)


def suitezero(report: Report, bench: str) -> str:
    """NAS-Bench-Suite-Zero's scores of random spellings beside ours of all: theirs / ours."""
    truths = report.truths[bench]
    of_tasks = {truth: report.suitezero[bench, dataset] for truth, dataset in truths.items()}
    names = sorted({name for of in of_tasks.values() for name in of})

    def line(name: str) -> Sequence[str]:
        cells = []
        for truth, of in of_tasks.items():
            theirs = of[name].spearman if name in of else None
            found = report.as_others((bench, truth))[name]["all"]["metrics"]["spearman"]
            mine = short(found["value"]) if "value" in found else "undefined"
            cells.append(f"{'undefined' if theirs is None else short(theirs)} / {mine}")
        return [f"`{name}`", *cells]

    return rows(["score", *truths.values()], map(line, names))


def estimates(report: Report) -> str:
    """An earlier study's samples beside the whole space."""

    def compared() -> Iterable[Sequence[str]]:
        for name, by_set in ESTIMATES.items():
            for members, values in by_set.items():
                truths = report.truths["nb201"].items()
                for (truth, dataset), value in zip(truths, values, strict=True):
                    items = report.correlations["nb201", truth, members]
                    yield [
                        f"`{name}`",
                        members,
                        dataset,
                        short(value),
                        interval(items.get(name), "spearman"),
                    ]

    return rows(["score", "set", "dataset", "on a sample", "on the whole space"], compared())


def written(report: Report) -> str:
    """The whole page: page.md with its tables. Raises KeyError for a table that there is not."""
    found = overview.rows_of({place: report.items(place) for place in report.heads})
    first = next(iter(report.truths["nb201"]))
    parts = {
        "date": report.date,
        "machine": report.machine,
        "overview": overview.table(found, report.heads),
        "holding": overview.holding(found, report.heads),
        "everywhere": overview.everywhere(found, report.heads),
        "cost_figure": _figures(report, "cost"),
        "published": published(report),
        "nb101_published": nb101_published(report),
        "estimates": estimates(report),
        "others": tables.others(report.correlations["nb201", first, "whole_spellings"]),
    }
    for bench in report.truths:
        parts |= of_bench(report, bench)
    for bench in dict.fromkeys(bench for bench, _ in report.suitezero):
        parts[f"{bench}_suitezero"] = suitezero(report, bench)
    return Template(PAGE.read_text()).substitute(parts)
