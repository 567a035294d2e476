"""EcoNAS and EcoNAS+ in miniature: `python -m benchmarks.reduced_training --images FILE`.

Trains random networks of a bench on a few labelled images at both settings, the batch and the
epochs scaled down, over `service.training` alone. Prints JSON objects, one a line: the machine, how
long it will take, then each network's accuracy after every epoch and what it cost in minibatches,
seconds and CPU seconds.

- Networks: different ones with a path from input to output, drawn uniformly from all spellings.
- Images: `--train` of the file to train on and `--test` others to test on, classes as equal as can
  be, drawn by `--seed`, which the weights and the order of the images come from too.
- One thread. `minibatches` are steps, of `BATCH` images, forward and back.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from math import ceil
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated

import numpy as np
import typer

from benchmarks.machine import this_machine
from service.benches import BENCHES
from service.workers import environment

# Read as torch is imported.
environment.prepare()

from service.benches import Reading  # noqa: E402
from service.engine import initial_weights  # noqa: E402
from service.engine.streams import stream  # noqa: E402
from service.graph import Graph  # noqa: E402
from service.minibatch.colours import Colours  # noqa: E402
from service.minibatch.turns import in_turns  # noqa: E402
from service.training.recipe import NAMED, Recipe  # noqa: E402
from service.training.run import DivergedError, Epoch, train  # noqa: E402
from service.training.split import Split  # noqa: E402

BATCH = 128
"""Of a thousand images the published 2048 would be one step an epoch."""

EPOCHS = 20


def main(
    images: Annotated[Path, typer.Option(help="An npz with `images`, uint8, and `labels`.")],
    bench: Annotated[str, typer.Option(help=" or ".join(BENCHES))] = "nb201",
    cells: Annotated[int, typer.Option(min=1, help="Networks to train.")] = 40,
    train_images: Annotated[int, typer.Option("--train", min=2)] = 800,
    test_images: Annotated[int, typer.Option("--test", min=1)] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
) -> None:
    """Trains, network by network, at the scaled-down settings of both named recipes."""
    environment.make_deterministic()
    environment.keep_freed_memory()
    split = _split(images, train_images, test_images, seed)
    recipes = {
        name: replace(named, epochs=EPOCHS, schedule_epochs=EPOCHS, batch_size=BATCH, seed=seed)
        for name, named in NAMED.items()
    }
    readings = _readings(bench, cells, split.classes, seed)
    machine = this_machine()
    print(json.dumps({"machine": asdict(machine), "images": split.sha256}), flush=True)
    _print_estimate(bench, readings, recipes, split)
    for reading in readings:
        for name, recipe in recipes.items():
            print(json.dumps(_trained(bench, reading, name, recipe, split)), flush=True)


def _split(path: Path, train_images: int, test_images: int, seed: int) -> Split:
    with np.load(path) as arrays:
        images, labels = arrays["images"], arrays["labels"].astype(np.int64)
    if train_images + test_images > len(labels):
        raise typer.BadParameter(f"there are {len(labels)} images in {path}")
    colours = Colours()
    colours.add(images)
    mean, std = colours.mean_and_std()
    words = stream(f"benchmark/{seed}/split").random_raw(len(labels))
    order = np.argsort(words, kind="stable").astype(np.int64)
    order = in_turns(order, labels[order])
    first, then = order[:train_images], order[train_images : train_images + test_images]
    classes = int(labels.max()) + 1
    return Split(images[first], labels[first], images[then], labels[then], mean, std, classes)


def _readings(bench: str, count: int, classes: int, seed: int) -> list[Reading]:
    """Different networks that have a path from input to output."""
    asked, found = BENCHES[bench], dict[str, Reading]()
    for reading in asked.sample(20 * count, seed):
        spec = reading.architecture.spec
        if asked.graph(spec, asked.skeletons["fast"], classes).output_depends_on_input:
            found.setdefault(reading.architecture.hash, reading)
        if len(found) == count:
            break
    return list(found.values())


def _print_estimate(
    bench: str, readings: Sequence[Reading], recipes: dict[str, Recipe], split: Split
) -> None:
    """From the second epoch of the largest network at each setting, so rather too long than not."""
    asked = BENCHES[bench]

    def largest(reading: Reading) -> int:
        spec = reading.architecture.spec
        return asked.size(spec, asked.skeletons["full"], split.classes).flops

    reading = max(readings, key=largest)
    seconds = {}
    for name, recipe in recipes.items():
        short = replace(recipe, epochs=2)
        found = list(_epochs(_graph(bench, reading, recipe, split), short, split))
        seconds[name] = found[1][1] - found[0][1]
    epochs = EPOCHS * len(readings)
    most = sum(seconds.values()) * epochs
    report = {
        "estimate_s": round(most),
        "epoch_s": {name: round(each, 2) for name, each in seconds.items()},
    }
    print(json.dumps(report), flush=True)


def _graph(bench: str, reading: Reading, recipe: Recipe, split: Split) -> Graph:
    spec = reading.architecture.spec
    return BENCHES[bench].graph(spec, recipe.skeleton(bench), split.classes)


def _epochs(graph: Graph, recipe: Recipe, split: Split) -> Iterator[tuple[Epoch, float]]:
    """Each epoch, and when it was over, in seconds from the beginning."""
    begin = perf_counter()
    for event in train(graph, initial_weights(graph, recipe.seed), recipe, split):
        if event is not None:
            yield event, perf_counter() - begin


def _trained(
    bench: str, reading: Reading, name: str, recipe: Recipe, split: Split
) -> dict[str, object]:
    found: list[tuple[Epoch, float]] = []
    diverged, began = None, (perf_counter(), process_time())
    try:
        for each in _epochs(_graph(bench, reading, recipe, split), recipe, split):
            found.append(each)  # noqa: PERF402 - what was before it diverged is kept
    except DivergedError as error:
        diverged = str(error)
    return {
        "bench": bench,
        "hash": reading.architecture.hash,
        "spec": reading.architecture.spec,
        "recipe": name,
        "channels": recipe.channels,
        "resolution": recipe.resolution,
        "accuracies": [round(epoch.accuracy, 4) for epoch, _ in found],
        "losses": [round(epoch.loss, 4) for epoch, _ in found],
        "diverged": diverged,
        "minibatches": len(found) * ceil(len(split.train_labels) / recipe.batch_size),
        "seconds": round(perf_counter() - began[0], 2),
        "cpu_seconds": round(process_time() - began[1], 2),
    }


if __name__ == "__main__":
    typer.run(main)
