"""What structure alone says of trained accuracy, on the whole of each truth table.

    python -m benchmarks.structure --bench nb201

Spearman of every structural proxy, of `params`, and of two rules that add Σ ln(rank/n) over a few
of them, rank n being the best; equal values share their mean rank. Scores are those of the service
under `fast`, `params` are of the `full` network. Truth tables and their columns are those of
`benchmarks.directions`; a spelling without a path from input to output counts as the worst where a
rule reads what it lacks, and is left out of that proxy's own line.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from multiprocessing import Pool
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.directions import PROCESSES, TABLES, TRUTHS, ranks, spearman
from benchmarks.machine import this_machine
from service.benches import BENCHES, Spec
from service.catalogue import CATALOGUE

TOP = 0.1
"""Of the most accurate, among whom proxies know least."""

RULES = {
    "nb101": (("params", "structural_pools_per_path", "structural_path_length"),),
    "nb201": (
        ("params", "structural_synflow", "structural_pools"),
        ("params", "structural_synflow", "structural_pools_per_path"),
    ),
}

Values = Mapping[str, float]


def main(bench: Annotated[str, typer.Option(help=" or ".join(TRUTHS))]) -> None:
    """Correlate structure with the trained accuracies of a bench."""
    truth = TRUTHS[bench]
    path = TABLES / truth.table
    if not path.is_file():
        typer.echo(f"The truth table is missing: {path}", err=True)
        raise typer.Exit(1)
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    accuracies = np.array([float(row[truth.column]) for row in rows])
    started = perf_counter()
    with Pool(PROCESSES) as pool:
        work = [(bench, truth.spelling(row)) for row in rows]
        found = pool.starmap(_values, work, chunksize=200)
    seconds = perf_counter() - started
    print("| proxy | Spearman | among the best 10 % | defined | catalogue: better is |")
    print("|---|---:|---:|---:|---|")
    names = ["params", *(name for name in CATALOGUE if CATALOGUE[name].structural)]
    for name in names:
        kept = np.array([name in values for values in found])
        scores = np.array([values[name] for values in found if name in values])
        _line(name, scores, accuracies[kept], CATALOGUE[name].better[bench])
    for rule in RULES[bench]:
        signs = [CATALOGUE[name].better[bench] == "larger" for name in rule]
        title = " ".join(f"{'+' if s else '−'} {n}" for s, n in zip(signs, rule, strict=True))
        _line(title, _ruled(bench, rule, found), accuracies, "larger")
    print(f"\n{bench}, {len(rows)} rows: {truth.meaning}.")
    print(f"{seconds:.0f} s in {PROCESSES} processes; {this_machine()}.")


def _values(bench: str, spelling: Spec) -> Values:
    found = BENCHES[bench]
    spec = found.read(spelling).architecture.spec
    values = found.structure(spec, found.skeletons["fast"], 10)
    return {**values, "params": float(found.graph(spec, found.skeletons["full"], 10).parameters)}


def _ruled(bench: str, rule: Sequence[str], found: Sequence[Values]) -> NDArray[np.float64]:
    total = np.zeros(len(found))
    for name in rule:
        sign = 1 if CATALOGUE[name].better[bench] == "larger" else -1
        scores = np.array([sign * values[name] if name in values else -np.inf for values in found])
        total += np.log(ranks(scores) / len(found))
    return total


def _line(
    title: str, scores: NDArray[np.float64], accuracies: NDArray[np.float64], better: str
) -> None:
    best = accuracies >= np.quantile(accuracies, 1 - TOP)
    constant = len(np.unique(scores)) == 1
    among_best = len(np.unique(scores[best])) > 1
    overall = "constant" if constant else f"{spearman(scores, accuracies):+.3f}"
    top = f"{spearman(scores[best], accuracies[best]):+.3f}" if among_best else "constant"
    print(f"| {title} | {overall} | {top} | {len(scores)} | {better} |")


if __name__ == "__main__":
    typer.run(main)
