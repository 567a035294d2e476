"""Architectures an hour through the whole service, and through the bare engine.

    python -m benchmarks.throughput

- The same NB201 cells, all proxies, the same protocol, the same seed; each round has a seed of its
  own, so that the service has never seen it. Bare engine and service take turns, which of them
  begins too.
- Bare engine: one process a core that imports the engine, builds the network and computes its
  proxies, cell after cell from one list; no HTTP, no database. The clock runs once every process
  has computed a cell.
- Service: `nascore up` as it is, one worker a core on the same cores as its API, PostgreSQL and
  Valkey. From sending the request to the last event of the job.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.pool import Pool
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.running import service
from service.benches import BENCHES
from service.catalogue import MEASURED
from service.protocol import RECIPES, Protocol, protocol, resolution
from service.workers import environment

BENCH = "nb201"
LEAST_KEPT = 0.9
"""Of the bare engine's throughput."""

Cells = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Round:
    """One turn of both, in architectures an hour."""

    recipe: str
    seed: int
    bare: float
    service: float

    @property
    def kept(self) -> float:
        return self.service / self.bare


def main(
    fast: Annotated[int, typer.Option(min=1, help="Cells a round under `fast`.")] = 400,
    full: Annotated[int, typer.Option(min=1, help="Cells a round under `full`.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds under each protocol.")] = 5,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Exits with 1 where the service keeps less than 90 % under a protocol."""
    sizes = {"fast": fast, "full": full}
    cores = len(os.sched_getaffinity(0))
    environment.prepare()
    done: list[Round] = []
    with (
        multiprocessing.get_context("spawn").Pool(cores, _prepare) as pool,
        service() as running,
        httpx2.Client(base_url=running.address, timeout=None) as http,
    ):
        turns = [(number, recipe) for number in range(rounds + 1) for recipe in sizes]
        for number, recipe in track(turns, "rounds", transient=True):
            cells = _cells(sizes[recipe])
            measured = _round(pool, cores, http, recipe, cells, number)
            if number:  # The first warms everything up.
                done.append(measured)
    machine = this_machine()
    kept = {recipe: median(r.kept for r in done if r.recipe == recipe) for recipe in sizes}
    _print(done, kept)
    print(f"\n{machine}")
    if as_json is not None:
        report = {
            "machine": asdict(machine),
            "cells": sizes,
            "rounds": [asdict(each) for each in done],
            "kept": kept,
        }
        as_json.write_text(json.dumps(report, indent=2) + "\n")
    raise typer.Exit(1 if min(kept.values()) < LEAST_KEPT else 0)


def _cells(count: int) -> Cells:
    """Different networks, spelt as they are scored."""
    found: dict[str, Mapping[str, Any]] = {}
    for reading in BENCHES[BENCH].sample(4 * count, 0):
        found.setdefault(reading.architecture.hash, reading.architecture.spec)
    return list(found.values())[:count]


def _round(
    pool: Pool, cores: int, http: httpx2.Client, recipe: str, cells: Cells, seed: int
) -> Round:
    took: dict[str, float] = {}
    order = ("bare", "service") if seed % 2 else ("service", "bare")
    for each in order:
        if each == "bare":
            took[each] = _bare(pool, cores, recipe, cells, seed)
        else:
            took[each] = _through_the_service(http, recipe, cells, seed)
    hours = {name: seconds / 3600 for name, seconds in took.items()}
    return Round(recipe, seed, len(cells) / hours["bare"], len(cells) / hours["service"])


def _through_the_service(http: httpx2.Client, recipe: str, cells: Cells, seed: int) -> float:
    body = {
        "bench": BENCH,
        "protocol": recipe,
        "seed": seed,
        "architectures": cells,
    }
    begun = time.perf_counter()
    job = http.post("/score", json=body).raise_for_status().json()["job"]
    with http.stream("GET", f"/jobs/{job}/events") as stream:
        for _ in stream.iter_lines():
            pass
    seconds = time.perf_counter() - begun
    counts = http.get(f"/jobs/{job}").json()["counts"]
    assert counts["done"] == len(cells), counts
    return seconds


def _bare(pool: Pool, cores: int, recipe: str, cells: Cells, seed: int) -> float:
    pool.map(_evaluate, [(recipe, cells[0], seed)] * cores, chunksize=1)
    begun = time.perf_counter()
    for _ in pool.imap_unordered(_evaluate, [(recipe, cell, seed) for cell in cells]):
        pass
    return time.perf_counter() - begun


def _prepare() -> None:
    # Linux shares the cores among sessions first, and every process of the service has its own:
    # on a machine that others use too, the bare engine would get less of it.
    os.setsid()
    environment.make_deterministic()
    environment.keep_freed_memory()


def _evaluate(work: tuple[str, Mapping[str, Any], int]) -> None:
    """All proxies of a cell; the minibatch is drawn once a process."""
    from service.proxies import evaluate

    recipe, spec, seed = work
    described, images, labels = _setting(recipe, seed)
    graph = BENCHES[BENCH].graph(dict(spec), described.skeleton, described.classes)
    evaluate(graph, images, labels, seed, list(MEASURED))


_SETTINGS: dict[str, Any] = {}


def _setting(recipe: str, seed: int) -> tuple[Protocol, Any, Any]:
    from service.minibatch import PATCHES, draw, patches

    if recipe not in _SETTINGS:
        _SETTINGS[recipe] = draw(patches(), RECIPES[recipe].batch_size, resolution(BENCH, recipe))
    minibatch = _SETTINGS[recipe]
    classes = len(patches().classes)
    described = protocol(BENCH, recipe, PATCHES, classes, minibatch.sha256, seed)
    return described, minibatch.images, minibatch.labels


def _print(done: Sequence[Round], kept: Mapping[str, float]) -> None:
    table = Table("protocol", "round", "bare engine / h", "service / h", "kept")
    for each in done:
        table.add_row(
            each.recipe,
            str(each.seed),
            f"{each.bare:,.0f}",
            f"{each.service:,.0f}",
            f"{each.kept:.3f}",
        )
    for recipe, share in kept.items():
        table.add_row(recipe, "median", "", "", f"{share:.3f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
