"""Reduced training beside the zero-cost proxies, on the same cells, by a running service:
`python -m benchmarks.reduced_training --dataset cifar10`.

The service (`nascore up`) needs a dataset that is stored whole, and trained accuracies:

    nascore datasets add cifar10 --from cifar-10-python.tar.gz --full
    nascore accuracies import nb201_accuracy.csv.gz

- Cells: different ones with a path from input to output, drawn uniformly from all spellings.
- It says first how long it will take, from batches that are timed here on one thread. If it is
  stopped it goes on where it was when it is run again, for the service keeps every epoch.
- Then the cells are trained under each `--protocol` and scored by every zero-cost proxy under
  `fast`, and all of it is held beside the trained accuracies.

Prints a table for the documentation: Spearman with its 95 % bootstrap interval over cells, signed
by the catalogue's direction; minibatches as the literature counts them; seconds a cell, as the
service's workers have measured them by now.
"""

from collections.abc import Sequence
from math import nan
from statistics import mean
from typing import Annotated

import httpx2
import numpy as np
import typer

from benchmarks.machine import this_machine
from service.benches import BENCHES, Architecture
from service.cli.following import follow
from service.client import Client
from service.workers import environment

# Read as torch is imported.
environment.prepare()

from benchmarks.reduced_training.estimate import Asked, duration, minibatches_of, seconds  # noqa: E402
from benchmarks.reduced_training.row import Row, row, table  # noqa: E402

TRAINED = "reduced_training"


def main(
    dataset: Annotated[str, typer.Option(help="Stored whole, see `nascore datasets add --full`.")],
    protocol: Annotated[
        list[str] | None, typer.Option(help="Repeat it. econas and econas_plus by default.")
    ] = None,
    server: Annotated[str, typer.Option(help="The service.")] = "http://127.0.0.1:8000",
    bench: Annotated[str, typer.Option(help=" or ".join(BENCHES))] = "nb201",
    truth: Annotated[
        str | None, typer.Option(help="A series of accuracies; the bench's default.")
    ] = None,
    cells: Annotated[int, typer.Option(min=20, help="How many to train.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Of the cells.")] = 0,
) -> None:
    """Trains and scores the same cells, and says which ranks them better and what each costs."""
    environment.make_deterministic()
    protocols = protocol or ["econas", "econas_plus"]
    drawn = _drawn(bench, cells, seed)
    with Client(server) as client:
        series = truth or str(client.rank(bench, limit=1)["truth"])
        print(f"On {this_machine()}: {len(drawn)} cells of {bench}, beside {series}.")
        stored = httpx2.get(f"{server}/datasets", timeout=60.0).json()
        (tests,) = (each["test"]["images"] for each in stored if each["name"] == dataset)
        described = [
            client.rank(bench, limit=1, protocol=name, dataset=dataset)["protocol"]
            for name in protocols
        ]
        _print_estimates([Asked.of(each, bench, tests) for each in described], drawn)
        rows: list[Row] = []
        accuracies = np.array([_accuracy(client, each, series) for each in drawn])
        asked = [("fast", "patches"), *((name, dataset) for name in protocols)]
        for under in asked:
            rows += _rows(client, drawn, accuracies, *under)
    print(table(rows))


def _drawn(bench: str, count: int, seed: int) -> list[Architecture]:
    """Different ones that have a path from input to output."""
    asked, found = BENCHES[bench], dict[str, Architecture]()
    for reading in asked.sample(20 * count, seed):
        spec = reading.architecture.spec
        if asked.graph(spec, asked.skeletons["fast"], 10).output_depends_on_input:
            found.setdefault(reading.architecture.hash, reading.architecture)
        if len(found) == count:
            break
    return list(found.values())


def _print_estimates(protocols: Sequence[Asked], drawn: Sequence[Architecture]) -> None:
    """From a cell of median size and from the largest."""
    total = 0.0
    for asked in protocols:
        by_size = sorted(drawn, key=asked.multiply_adds)
        about, most = (
            seconds(asked, each) * len(drawn) for each in (by_size[len(by_size) // 2], by_size[-1])
        )
        print(f"{asked.name}: about {duration(about)} of one core, at most {duration(most)}.")
        total += about
    print(f"All in all about {duration(total)}, divided by the workers there are.", flush=True)


def _accuracy(client: Client, architecture: Architecture, series: str) -> float:
    """The mean over the spellings of a class."""
    client.score(architecture.bench, [architecture.spec], wait=60, proxies=["params"])
    known = client.architecture(architecture.bench, architecture.hash)["accuracy"]
    means = [each["mean"] for each in known if each["series"] == series]
    if not means:
        raise typer.BadParameter(f"{architecture.hash} has no accuracy in {series}")
    return float(means[0])


def _rows(
    client: Client,
    drawn: Sequence[Architecture],
    accuracies: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    protocol: str,
    dataset: str,
) -> list[Row]:
    """Of everything that is computed under a protocol."""
    bench = drawn[0].bench
    specs = [each.spec for each in drawn]
    answer = client.score(bench, specs, protocol=protocol, dataset=dataset)
    follow(client, answer["jobs"], len(drawn))
    results = client.score(bench, specs, protocol=protocol, dataset=dataset)["results"]
    training = answer["protocol"]["training"]
    # By now, for workers have timed what they ran.
    known = {each["name"]: each for each in client.proxies()}
    found = []
    for name in results[0]["scores"]:
        values = [each["scores"][name] for each in results]
        scores = np.array([nan if value is None else value for value in values])
        trained = None
        if training is not None:
            took = mean(_seconds(client, each, answer["protocol"]["digest"]) for each in drawn)
            trained = (minibatches_of(protocol, bench, training["images"]), took)
        found.append(row(known[name], bench, protocol, scores, accuracies, trained))
    return found


def _seconds(client: Client, architecture: Architecture, protocol: str) -> float:
    """What a training took."""
    scores = client.architecture(architecture.bench, architecture.hash)["scores"]
    return float(next(each["seconds"] for each in scores if each["protocol"] == protocol))


if __name__ == "__main__":
    typer.run(main)
