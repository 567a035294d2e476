"""Runs the paper's searches through a live service and writes docs/search.md.

    nascore up &
    nascore accuracies import nb201_accuracy.csv.gz
    nascore accuracies import nb101_val_accuracy_20000.csv.gz
    python -m benchmarks.search --server http://127.0.0.1:8000 --logs searches

Random search, evolution and REINFORCE take minutes for a hundred seeds each. The predictor takes
a minute a search: its searches are those of `nascore search`, written to logs and gone on with
where they stopped; with `--predictor-seeds 0` the page is made from the logs that are there.
Scores that the service lacks are computed first. The tables of accuracies are public dumps of the
benches and no part of this repository.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import this_machine
from benchmarks.search import page
from benchmarks.search.live import Found, Live
from benchmarks.search.page import Report
from benchmarks.search.plans import DEFAULT, PROXIES, plans
from benchmarks.search.published import CIFAR100
from service.client import Client
from service.search.figure import draw

DOCS = Path(__file__).parents[2] / "docs"

DATASETS = (
    ("nb201", "cifar100", 300),
    ("nb201", "cifar10", 300),
    ("nb201", "imagenet16-120", 300),
    ("nb101", "cifar10", 200),
)
"""With the trainings of a search."""


def main(
    server: Annotated[str, typer.Option(help="A running service with the accuracies imported.")],
    logs: Annotated[Path, typer.Option(help="The folder of the predictor's logs.")],
    seeds: Annotated[int, typer.Option(min=2, help="Of the quick searches.")] = 100,
    predictor_seeds: Annotated[
        int, typer.Option(min=0, help="Of the predictor; 0: what there is.")
    ] = 10,
) -> None:
    """Write docs/search.md and its figures."""
    logs.mkdir(parents=True, exist_ok=True)
    with Client(server) as client:
        live = Live(client, logs)
        found = list(_found(live, seeds, predictor_seeds))
        minibatches = {bench: live.minibatches(bench, of) for bench, of in PROXIES.items()}
    report = Report(
        found=found,
        machine=str(this_machine()),
        date=datetime.now(UTC).date().isoformat(),
        figures=_draw(found),
        planned=sum(
            plan.algorithm == "predictor"
            for bench, dataset, _ in DATASETS
            for plan in plans(bench, dataset)
        ),
        minibatches=minibatches,
    )
    (DOCS / "search.md").write_text(page.written(report))
    typer.echo(f"{DOCS / 'search.md'} is written.")


def _found(live: Live, seeds: int, predictor_seeds: int) -> Iterator[Found]:
    for bench, dataset, budget in DATASETS:
        for plan in plans(bench, dataset):
            if plan.algorithm == "predictor":
                logged = live.logged(bench, dataset, plan, predictor_seeds, budget)
                if logged is not None:
                    yield logged
                continue
            # In the order of all scores nothing is left to chance.
            is_certain = plan.algorithm == "random" and plan.warmup is None
            yield live.found(bench, dataset, plan, 1 if is_certain else seeds, budget)


def _draw(found: list[Found]) -> dict[str, str]:
    captions = {}
    for algorithm in ("random", "reinforce", "evolution", "predictor"):
        of = [
            each
            for each in found
            if each.dataset == "cifar100"
            and each.plan.algorithm == algorithm
            and each.plan.proxy in (None, "synflow", DEFAULT["nb201"])
        ]
        marks = {
            f"published {given}".strip(): curve.at
            for (name, given), curve in CIFAR100.items()
            if name == algorithm
        }
        file = f"search-cifar100-{algorithm}.svg"
        curves = {_name(each): page.mean(each, "validation") for each in of}
        draw(curves, f"NB201, CIFAR-100: {algorithm}", DOCS / file, marks=marks)
        captions[file] = f"{algorithm} on CIFAR-100: the incumbent's validation accuracy."
    for bench, dataset, _ in DATASETS[1:]:
        of = [each for each in found if (each.bench, each.dataset) == (bench, dataset)]
        file = f"search-{'nb101' if bench == 'nb101' else dataset}.svg"
        reading = "validation" if bench == "nb101" else "by_validation"
        of = [each for each in of if each.plan.proxy in (None, DEFAULT[bench])]
        curves = {_name(each): page.mean(each, reading) for each in of}
        draw(curves, f"{bench}, {dataset}", DOCS / file)
        captions[file] = f"{bench}, {dataset}: {page.READINGS[reading]}."
    return captions


def _name(found: Found) -> str:
    return f"{page.title(found)} {found.plan.proxy or ''}".strip()


if __name__ == "__main__":
    typer.run(main)
