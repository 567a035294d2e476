"""Scores whole spaces through a live service and writes docs/evidence.md from what it finds.

    NASCORE_EVIDENCE_PATIENCE_SECONDS=1 nascore up &
    nascore accuracies import nb201_accuracy.csv.gz
    nascore accuracies import nb201_suitezero_proxies.csv.gz
    nascore accuracies import nb101_val_accuracy_20000.csv.gz
    nascore accuracies import nas_bench_macro_cifar10.csv.gz
    nascore accuracies import transnas_micro.csv.gz
    nascore accuracies import transnas_macro.csv.gz
    python -m benchmarks.evidence --server http://127.0.0.1:8000 \\
        --suitezero suitezero_proxies.csv.gz

- Every bench that the service has: all of its classes, or, of one with too many to list, the first
  architectures with an accuracy by their hash, under `fast` and the built-in minibatch, by every
  proxy and ensemble.
- Against the accuracies after a whole training, one series a dataset or task.
- Correlations are the service's own, from `GET /correlation`, once nothing is stale.
- With patience a service leaves an answer that is hardly out of date for an hour.
- The truth tables are public dumps of the benches and no part of this repository.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.evidence import cost_figure, figures, page, suitezero
from benchmarks.evidence.cost_figure import ECONAS
from benchmarks.evidence.live import LIMIT, Live
from benchmarks.evidence.page import SETS, Correlations, Report
from benchmarks.machine import this_machine

DOCS = Path(__file__).parents[2] / "docs"

Truths = dict[str, dict[str, str]]


def main(
    server: Annotated[str, typer.Option(help="A running service with the accuracies imported.")],
    theirs: Annotated[
        Path,
        typer.Option("--suitezero", help="NAS-Bench-Suite-Zero's scores of TransNAS-Bench-101."),
    ],
    most: Annotated[
        int, typer.Option(min=100, help="Architectures of a bench with too many to list.")
    ] = 20_000,
) -> None:
    """Write docs/evidence.md and its figures."""
    live = Live(server)
    truths: Truths = {}
    for bench in live.get("/benches"):
        found = live.truths(bench["name"])
        listed = bench["classes"] <= LIMIT
        asked = "all" if listed else live.known(bench, found[0]["name"], most)
        live.score(bench["name"], asked)
        truths[bench["name"]] = {series["name"]: series["dataset"] for series in found}
    correlations: Correlations = {
        (bench, truth, members): live.correlations(bench, truth, members)
        for bench, of in truths.items()
        for truth in of
        for members in SETS.get(bench, ("classes",))
    }
    report = Report(
        truths=truths,
        correlations=correlations,
        machine=str(this_machine()),
        date=datetime.now(UTC).date().isoformat(),
        suitezero=suitezero.read(theirs, truths),
        figures=_draw(live, truths, correlations),
    )
    (DOCS / "evidence.md").write_text(page.written(report))
    typer.echo(f"{DOCS / 'evidence.md'} is written.")


def _draw(live: Live, truths: Truths, found: Correlations) -> dict[str, dict[str, str]]:
    captions: dict[str, dict[str, str]] = {}
    for bench, (truth, *_) in truths.items():
        best = live.default_ensemble(bench)
        captions[bench] = of = {}
        name = f"evidence-{bench}.svg"
        figures.intervals(found[bench, truth, "classes"], f"{bench}, {truth}", DOCS / name)
        of[name] = f"Every proxy and ensemble on {bench}: {truth}, classes."
        pairs = [
            (float(row["score"]), float(row["accuracy"]))
            for row in live.rows("/rank", bench=bench, proxy=best, truth=truth, everything="true")
            if row["accuracy"] and row["score"]
        ]
        name = f"evidence-{bench}-{best}.svg"
        figures.against(pairs, best, truth, f"{bench}: {best}", DOCS / name)
        of[name] = f"`{best}` against the mean accuracy of each class of {bench}."
    name = "evidence-cost.svg"
    truth = next(iter(truths["nb201"]))
    spellings = found["nb201", truth, "spellings"]
    cost_figure.cost(spellings, f"nb201, {truth}, spellings", DOCS / name, ECONAS)
    caption = "Rank correlation against cost in minibatches, zero-cost and trained."
    captions["cost"] = {name: caption}
    return captions


if __name__ == "__main__":
    typer.run(main)
