"""Scores whole spaces through a live service and writes docs/evidence.md from what it finds.

    NASCORE_EVIDENCE_PATIENCE_SECONDS=1 nascore up &
    nascore accuracies import nb201_accuracy.csv.gz
    nascore accuracies import nb201_suitezero_proxies.csv.gz
    nascore accuracies import nb101_val_accuracy_20000.csv.gz
    python -m benchmarks.evidence --server http://127.0.0.1:8000

- All 5,260 classes of NB201, and the first architectures of NB101's sample by their hash, under
  `fast` and the built-in minibatch, by every proxy and ensemble.
- Correlations are the service's own, from `GET /correlation`, once nothing is stale.
- With patience a service leaves an answer that is hardly out of date for an hour.
- The truth tables are public dumps of the benches and no part of this repository.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.evidence import cost_figure, figures, page
from benchmarks.evidence.cost_figure import ECONAS
from benchmarks.evidence.live import SETS, Live
from benchmarks.evidence.page import NB101_TRUTH, NB201_TRUTHS, Correlations, Report
from benchmarks.machine import this_machine

DOCS = Path(__file__).parents[2] / "docs"


def main(
    server: Annotated[str, typer.Option(help="A running service with the accuracies imported.")],
    nb101: Annotated[int, typer.Option(min=100, help="Architectures of NB101.")] = 3_000,
) -> None:
    """Write docs/evidence.md and its figures."""
    live = Live(server)
    live.score("nb201", "all")
    sample = sorted(
        live.rows("/accuracies", bench="nb101", series=NB101_TRUTH), key=lambda row: row["hash"]
    )[:nb101]
    live.score(
        "nb101",
        [{"matrix": json.loads(row["matrix"]), "ops": json.loads(row["ops"])} for row in sample],
    )
    found: Correlations = {
        **{
            ("nb201", truth, members): live.correlations("nb201", truth, members)
            for truth in NB201_TRUTHS
            for members in SETS
        },
        ("nb101", NB101_TRUTH, "classes"): live.correlations("nb101", NB101_TRUTH, "classes"),
    }
    report = Report(
        correlations=found,
        machine=str(this_machine()),
        date=datetime.now(UTC).date().isoformat(),
        sizes={"nb201": 5_260, "nb101": len(sample)},
        figures=_draw(live, found),
    )
    (DOCS / "evidence.md").write_text(page.written(report))
    typer.echo(f"{DOCS / 'evidence.md'} is written.")


def _draw(live: Live, found: Correlations) -> dict[str, str]:
    captions = {}
    for bench, truth, best in (("nb201", NB201_TRUTHS[0], "e5"), ("nb101", NB101_TRUTH, "az3")):
        items = found[bench, truth, "classes"]
        name = f"evidence-{bench}.svg"
        figures.intervals(items, f"{bench}, {truth}", DOCS / name)
        captions[name] = f"Every proxy and ensemble on {bench}: {truth}, classes."
        pairs = [
            (float(row["score"]), float(row["accuracy"]))
            for row in live.rows("/rank", bench=bench, proxy=best, truth=truth, everything="true")
            if row["accuracy"]
        ]
        name = f"evidence-{bench}-{best}.svg"
        figures.against(pairs, best, truth, f"{bench}: {best}", DOCS / name)
        captions[name] = f"`{best}` against the mean accuracy of each class of {bench}."
    name = "evidence-cost.svg"
    spellings = found["nb201", NB201_TRUTHS[0], "spellings"]
    cost_figure.cost(spellings, f"nb201, {NB201_TRUTHS[0]}, spellings", DOCS / name, ECONAS)
    captions[name] = "Rank correlation against cost in minibatches, zero-cost and trained."
    return captions


if __name__ == "__main__":
    typer.run(main)
