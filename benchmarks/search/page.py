"""docs/search.md from what the searches found: pure text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from string import Template

from benchmarks.search.live import Found
from benchmarks.search.plans import DEFAULT, PROXIES
from benchmarks.search.published import CIFAR100, LEVEL, STEPS
from service.search.incumbent import Floats
from service.search.mean_curves import MeanCurve, mean_curve, needed_by_mean

PAGE = Path(__file__).with_name("page.md")

READINGS = {
    "validation": "the incumbent's validation accuracy",
    "by_validation": "the incumbent's test accuracy",
    "oracle": "the best test accuracy so far",
}

ROUNDING = 0.005
"""Half of what the published figures' two decimals tell apart."""

LEAST_SEEDS = 10
"""Of a search with chance in it that is compared with the published ones: fewer are shown only."""

NB101_STEP = 150
"""Models that the paper's question is asked of."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is written down."""

    found: Sequence[Found]
    machine: str
    date: str
    figures: Mapping[str, str]
    """Caption by file."""
    planned: int
    """Searches of the predictor."""
    minibatches: Mapping[str, Mapping[str, int]]
    """Of one score, by bench and proxy."""

    def of(self, bench: str, dataset: str) -> list[Found]:
        return [each for each in self.found if (each.bench, each.dataset) == (bench, dataset)]


def is_compared(found: Found) -> bool:
    """Whether it has the seeds for it; the order of all scores has no chance in it."""
    return found.plan.warmup is None or len(found.curves) >= LEAST_SEEDS


def series(found: Found, reading: str) -> list[Floats]:
    return [getattr(each, reading) for each in found.curves]


def mean(found: Found, reading: str) -> MeanCurve:
    return mean_curve(series(found, reading), found.budget)


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|---:" * (len(head) - 2) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def at(found: Found, curve: MeanCurve, step: int) -> str:
    """`72.83 [72.50, 73.08]`, of one seed without an interval."""
    value, low, high = (float(each[step - 1]) for each in curve)
    return f"{value:.2f}" + (f" [{low:.2f}, {high:.2f}]" if len(found.curves) > 1 else "")


def count(value: float) -> str:
    return f"{value:.0f}" if isfinite(value) else "never"


def until(found: Found, reading: str, value: float) -> tuple[float, float, float]:
    """How many the mean needs to show as much at two decimals, and the interval."""
    return needed_by_mean(series(found, reading), found.budget, value - ROUNDING)


def level(found: Found, reading: str, value: float) -> str:
    """`69 [62, 80]`, of one seed without an interval."""
    return interval(found, until(found, reading, value))


def interval(found: Found, counts: tuple[float, float, float]) -> str:
    needed, low, high = counts
    return count(needed) + (f" [{count(low)}, {count(high)}]" if len(found.curves) > 1 else "")


def title(found: Found) -> str:
    return f"{found.plan.algorithm} {found.plan.given}".strip()


def with_seeds(found: Found) -> str:
    """The seeds of the predictor, which are few."""
    seeds = f", {len(found.curves)} seeds" if found.plan.algorithm == "predictor" else ""
    return title(found) + seeds.replace("1 seeds", "1 seed")


def proxy(found: Found) -> str:
    return f"`{found.plan.proxy}`" if found.plan.proxy else ""


def nb201(report: Report, dataset: str, reading: str) -> str:
    """Every search at the paper's steps; on CIFAR-100 the published curves before ours."""
    is_theirs = dataset == "cifar100"
    head = ["search", "score", *(f"after {step}" for step in STEPS)]
    head += [f"up to {LEVEL}"] if is_theirs else []

    def body() -> Iterator[list[str]]:
        told = set()
        for each in report.of("nb201", dataset):
            key = (each.plan.algorithm, each.plan.given)
            if is_theirs and key in CIFAR100 and key not in told:
                told.add(key)
                theirs = CIFAR100[key]
                values = [f"{theirs.at[step]:.2f}" for step in STEPS]
                yield [title(each), "*published*", *values, count(theirs.needed or inf)]
            curve = mean(each, reading)
            row = [with_seeds(each), proxy(each), *(at(each, curve, step) for step in STEPS)]
            yield row + ([level(each, reading, LEVEL)] if is_theirs else [])

    return rows(head, body())


def beside_best(report: Report, reading: str) -> str:
    """For each column of the paper's the best of an algorithm's published curves, and how many
    architectures ours needs for as much."""
    found = report.of("nb201", "cifar100")

    def cell(of: Sequence[Found], value: float, theirs: float) -> str:
        if not of:
            return "-"
        best = min(of, key=lambda each: until(each, reading, value)[0])
        needed, _, high = counts = until(best, reading, value)
        text = f"{interval(best, counts)} ({with_seeds(best)})" if isfinite(needed) else "never"
        return f"**{text}**" if high < theirs and is_compared(best) else text

    def body() -> Iterator[list[str]]:
        algorithms = ["random", "reinforce", "evolution", "predictor", "any"]
        for algorithm in algorithms:
            theirs = [curve for (name, _), curve in CIFAR100.items() if algorithm in (name, "any")]
            best = {step: max(curve.at[step] for curve in theirs) for step in STEPS}
            fewest = min(curve.needed for curve in theirs if curve.needed is not None)
            yield [
                algorithm,
                "*published*",
                *(f"{best[step]:.2f} after {step}" for step in STEPS),
                str(fewest),
            ]
            for name in PROXIES["nb201"]:
                of = [
                    each
                    for each in found
                    if each.plan.proxy == name
                    and (
                        algorithm == each.plan.algorithm
                        or (algorithm == "any" and is_compared(each))
                    )
                ]
                yield [
                    algorithm,
                    f"`{name}`",
                    *(cell(of, best[step], step) for step in STEPS),
                    cell(of, LEVEL, fewest),
                ]

    return rows(
        ["search", "score", *(f"theirs after {step}" for step in STEPS), f"{LEVEL}"], body()
    )


def lost(report: Report, reading: str) -> str:
    """Where the default ensemble does not need fewer than the paper's best."""
    name = DEFAULT["nb201"]
    of = [
        each
        for each in report.of("nb201", "cifar100")
        if each.plan.proxy == name and is_compared(each)
    ]
    best = {step: max(curve.at[step] for curve in CIFAR100.values()) for step in STEPS}
    fewest = min(c.needed for c in CIFAR100.values() if c.needed is not None)
    columns = [*((value, step, f"after {step}") for step, value in best.items())]
    columns.append((LEVEL, fewest, f"up to {LEVEL}"))
    told = []
    for value, theirs, column in columns:
        best_of = min(of, key=lambda each: until(each, reading, value)[0])
        needed, _, high = counts = until(best_of, reading, value)
        verb = "fewer" if high < theirs else "not fewer"
        if needed < theirs <= high:
            verb = "fewer, though not by the whole interval"
        told.append(f"{column} ({value:.2f} by {theirs}): {interval(best_of, counts)}, {verb}")
    return "; ".join(told)


def nb101(report: Report) -> str:
    """Beside plain random search and the plain predictor of our own."""
    found = report.of("nb101", "cifar10")
    plain = {e.plan.algorithm: e for e in found if e.plan.proxy is None}
    levels = {
        name: float(mean(each, "validation").mean[NB101_STEP - 1]) for name, each in plain.items()
    }
    head = ["search", "score", "seeds", *(f"after {step}" for step in (50, 100, NB101_STEP))]
    head += [f"for plain {name}'s {value:.2f}" for name, value in levels.items()]

    def body() -> Iterator[list[str]]:
        for each in found:
            curve = mean(each, "validation")
            yield [
                title(each),
                proxy(each),
                str(len(each.curves)),
                *(at(each, curve, step) for step in (50, 100, NB101_STEP)),
                *(
                    interval(each, needed_by_mean(series(each, "validation"), each.budget, value))
                    for value in levels.values()
                ),
            ]

    return rows(head, body())


def predictors(report: Report) -> str:
    """How far the predictor's searches are, which take a minute each."""
    seeds = [len(each.curves) for each in report.found if each.plan.algorithm == "predictor"]
    short = [each for each in seeds if each < LEAST_SEEDS]
    if not short and len(seeds) == report.planned:
        return f"The predictor has {min(seeds)} seeds or more."
    if not seeds:
        return "The predictor has not been run yet."
    return (
        f"The predictor's searches take a minute each, and are not all run yet: {len(seeds)} of "
        f"{report.planned} are there, with {min(seeds)} to {max(seeds)} seeds. Those of fewer than "
        f"{LEAST_SEEDS} are shown and compared with nothing; the command goes on with them."
    )


def costs(report: Report) -> str:
    """How many networks a search scores, and what it takes besides."""

    def body() -> Iterator[list[str]]:
        for each in report.of("nb201", "cifar100"):
            a_score = report.minibatches["nb201"].get(each.plan.proxy or "", 0)
            yield [
                title(each),
                proxy(each),
                str(len(each.curves)),
                f"{each.scored:,.0f}",
                f"{each.scored * a_score:,.0f}",
                "" if each.seconds is None else f"{each.seconds:.2f}",
            ]

    return rows(["search", "score", "seeds", "scored", "minibatches", "seconds"], body())


def written(report: Report) -> str:
    """The whole page: page.md with its tables."""
    figures: Callable[[str], str] = lambda part: "\n\n".join(  # noqa: E731
        f"![{caption}]({name})" for name, caption in report.figures.items() if part in name
    )
    datasets = {"cifar10": "CIFAR-10", "imagenet16-120": "ImageNet16-120"}
    others = "\n\n".join(
        f"### {heading}: {READINGS[reading]}\n\n{nb201(report, dataset, reading)}"
        for dataset, heading in datasets.items()
        for reading in ("by_validation", "oracle")
    )
    return Template(PAGE.read_text()).substitute(
        date=report.date,
        machine=report.machine,
        cifar100_figures=figures("cifar100"),
        validation=nb201(report, "cifar100", "validation"),
        by_validation=nb201(report, "cifar100", "by_validation"),
        oracle=nb201(report, "cifar100", "oracle"),
        beside_validation=beside_best(report, "validation"),
        beside_by_validation=beside_best(report, "by_validation"),
        lost_validation=lost(report, "validation"),
        lost_by_validation=lost(report, "by_validation"),
        other_figures=figures("search-cifar10.") + "\n\n" + figures("imagenet"),
        others=others,
        nb101=nb101(report),
        nb101_figures=figures("nb101"),
        costs=costs(report),
        predictors=predictors(report),
    )
