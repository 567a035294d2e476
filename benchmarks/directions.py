"""Which way every proxy points: its rank correlation with trained accuracy, under `fast`.

    python -m benchmarks.directions --bench nb201 --architectures 300

- A seeded random sample of a truth table, drawn uniformly over its rows without replacement.
- nb101: the table has a row a network (its official graph hash); the truth is the validation
  accuracy after 108 epochs, of one training.
- nb201: the table has a row a *spelling*; the truth is the CIFAR-10 test accuracy of the spelling
  drawn, the mean over its trainings. Spellings of one network have one score and several truths.
- Scores are those of the service: the built-in minibatch, weights of seed 0, one thread a process.
- Where a proxy is undefined, the architecture is left out of that proxy's row.
"""

import csv
import gzip
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.machine import this_machine
from service.benches import BENCHES
from service.catalogue import CATALOGUE, MEASURED
from service.minibatch import PATCHES, Minibatch, draw, patches
from service.protocol import RECIPES, Protocol, protocol, resolution
from service.proxies import evaluate
from service.workers import environment

TABLES = Path(__file__).resolve().parents[2] / "shared" / "data"
"""The truth tables: beside the checkout, no part of it."""

PROCESSES = 2
RESAMPLES = 2_000
"""Of the bootstrap: the interval's ends move by a hundredth from seed to seed."""


@dataclass(frozen=True)
class Truth:
    """Where a bench's trained accuracies are."""

    table: str
    column: str
    meaning: str
    spelling: Callable[[Mapping[str, str]], dict[str, Any]]


def _nb101(row: Mapping[str, str]) -> dict[str, Any]:
    matrix = [[int(bit) for bit in line] for line in row["adjacency"].split("/")]
    return {"matrix": matrix, "ops": row["ops"].split("|")}


def _nb201(row: Mapping[str, str]) -> dict[str, Any]:
    return {"arch": row["arch"]}


TRUTHS = {
    "nb101": Truth(
        "nb101_val_accuracy_20000.csv.gz",
        "val_acc_108ep",
        "validation accuracy after 108 epochs, one training, networks drawn uniformly",
        _nb101,
    ),
    "nb201": Truth(
        "nb201_accuracy.csv.gz",
        "c10_test",
        "CIFAR-10 test accuracy after 200 epochs of the spelling itself, mean over its trainings, "
        "spellings drawn uniformly",
        _nb201,
    ),
}


@dataclass(frozen=True)
class Correlation:
    """Spearman's of one proxy against the truth, with a 95 % bootstrap interval."""

    proxy: str
    spearman: float
    low: float
    high: float
    defined: int
    better: str

    @property
    def verdict(self) -> str:
        """What the sample says of the catalogue's direction."""
        if self.low <= 0 <= self.high:
            return "open"
        return "agrees" if (self.spearman > 0) == (self.better == "larger") else "contradicts"


def main(
    bench: Annotated[str, typer.Option(help=" or ".join(TRUTHS))],
    architectures: Annotated[int, typer.Option(min=10, help="How many to draw.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample and of the bootstrap.")] = 0,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Correlate every proxy under `fast` with the trained accuracies of a bench."""
    if bench not in TRUTHS:
        raise typer.BadParameter(f"no truth table for {bench}; there are {', '.join(TRUTHS)}")
    truth = TRUTHS[bench]
    path = TABLES / truth.table
    if not path.is_file():
        typer.echo(f"The truth table is missing: {path}", err=True)
        raise typer.Exit(1)
    rows = _sample(path, architectures, seed)
    accuracies = np.array([float(row[truth.column]) for row in rows])
    started = perf_counter()
    scores = list(_scores(bench, [truth.spelling(row) for row in rows]))
    seconds = perf_counter() - started
    found = [_correlation(bench, name, scores, accuracies, seed) for name in MEASURED]
    machine = this_machine()
    print(_markdown(found))
    print(f"\n{bench}, {len(rows)} architectures, seed {seed}: {truth.meaning}.")
    print(f"{seconds:.0f} s in {PROCESSES} processes; {machine}.")
    if as_json is not None:
        report = {
            "bench": bench,
            "architectures": len(rows),
            "seed": seed,
            "truth": truth.meaning,
            "correlations": [{**asdict(each), "verdict": each.verdict} for each in found],
            "seconds": round(seconds, 1),
            "machine": asdict(machine),
        }
        as_json.write_text(json.dumps(report, indent=2) + "\n")


def _sample(path: Path, size: int, seed: int) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as file:
        table = list(csv.DictReader(file))
    if size > len(table):
        raise typer.BadParameter(f"the truth table has {len(table)} rows")
    chosen = np.random.default_rng(seed).choice(len(table), size, replace=False)
    return [table[index] for index in chosen]


def _scores(bench: str, spellings: Sequence[dict[str, Any]]) -> Iterator[dict[str, float]]:
    """The defined scores of each, in order."""
    # Read by the processes as they import torch, which is why they are spawned and not forked.
    environment.prepare()
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(PROCESSES, initializer=Scorer.start, initargs=(bench,)) as pool:
        yield from track(
            pool.imap(Scorer.score, spellings), f"scoring {bench}", len(spellings), transient=True
        )


class Scorer:
    """What a process keeps from one architecture to the next."""

    protocol: Protocol
    minibatch: Minibatch

    @classmethod
    def start(cls, bench: str) -> None:
        environment.make_deterministic()
        environment.keep_freed_memory()
        dataset = patches()
        size = RECIPES["fast"].batch_size
        cls.minibatch = draw(dataset, size, resolution(bench, "fast"))
        cls.protocol = protocol(
            bench, "fast", PATCHES, len(dataset.classes), cls.minibatch.sha256, seed=0
        )

    @classmethod
    def score(cls, spelling: dict[str, Any]) -> dict[str, float]:
        asked = BENCHES[cls.protocol.bench]
        architecture = asked.read(spelling).architecture
        graph = asked.graph(architecture.spec, cls.protocol.skeleton, cls.protocol.classes)
        images, labels = cls.minibatch.images, cls.minibatch.labels
        return evaluate(graph, images, labels, cls.protocol.seed, list(MEASURED)).values


def _correlation(
    bench: str,
    proxy: str,
    scores: Sequence[Mapping[str, float]],
    accuracies: NDArray[np.float64],
    seed: int,
) -> Correlation:
    defined = [index for index, values in enumerate(scores) if proxy in values]
    values = np.array([scores[index][proxy] for index in defined])
    truths = accuracies[defined]
    # The same draws for every proxy with as many values: their intervals can be compared.
    generator = np.random.default_rng(seed)
    draws = generator.integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(
        [spearman(values[each], truths[each]) for each in draws], (0.025, 0.975)
    )
    return Correlation(
        proxy,
        spearman(values, truths),
        float(low),
        float(high),
        len(defined),
        CATALOGUE[proxy].better[bench],
    )


def spearman(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Pearson's correlation of the ranks, ties sharing their mean rank."""
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for the smallest; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def _markdown(found: Sequence[Correlation]) -> str:
    lines = [
        "| proxy | Spearman | 95 % interval | defined | catalogue: better is | the sample |",
        "|---|---:|---:|---:|---|---|",
    ]
    lines += [
        f"| {each.proxy} | {each.spearman:+.3f} | {each.low:+.3f} … {each.high:+.3f} "
        f"| {each.defined} | {each.better} | {each.verdict} |"
        for each in found
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
