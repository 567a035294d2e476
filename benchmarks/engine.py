"""What the engine costs, in forward-and-backwards: `python -m benchmarks.engine`.

- Random networks of each bench under `full`, those with a path from input to output; the service's
  own minibatch, weights of seed 0.
- CPU time of one process with one thread, in the environment of a worker. The programs take turns
  on a network; a ratio is that of medians on one network, the table has the medians over networks.
- Two denominators: our own forward and backward (every weight gradient, nothing done with them),
  and that of a stock torch module, so that a slow denominator flatters nobody.
- With `--slow`, autograd and the released way too, once a network: minutes for NB101.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import this_machine
from service.benches import BENCHES
from service.workers import environment

# Read as torch is imported, here and in the processes that are spawned.
environment.prepare()

from benchmarks import programs  # noqa: E402
from benchmarks.programs import (  # noqa: E402
    AUTOGRAD,
    BUILD,
    EIGHT,
    FORWARD,
    FORWARD_BACKWARD,
    MODULE,
    NWOT,
    RELEASED,
    SEVEN,
    STOCK,
    TO_IMAGES,
)

Ratios = dict[str, float]
PAIRS = {
    "our forward alone / FB": (FORWARD, FORWARD_BACKWARD),
    "nwot alone / FB": (NWOT, FORWARD_BACKWARD),
    "jacob_cov alone / FB": (TO_IMAGES, FORWARD_BACKWARD),
    "seven proxies, without grasp / FB": (SEVEN, FORWARD_BACKWARD),
    "eight proxies / FB": (EIGHT, FORWARD_BACKWARD),
    "eight proxies / forward+backward of a stock module": (EIGHT, STOCK),
    "eight proxies / forward+backward of our module": (EIGHT, MODULE),
    "graph and weights / eight proxies": (BUILD, EIGHT),
    "eight proxies by autograd / eight proxies": (AUTOGRAD, EIGHT),
    "seven proxies the released way / eight proxies": (RELEASED, EIGHT),
}
LIMITS = {
    ("nb201", "eight proxies / FB"): 3.3,
    ("nb101", "eight proxies / FB"): 3.4,
    ("nb201", "seven proxies, without grasp / FB"): 1.75,
    ("nb201", "nwot alone / FB"): 0.6,
    ("nb201", "graph and weights / eight proxies"): 0.02,
}
"""At most."""
BESIDE_LIMIT = 2.5
"""How much slower beside one busy process of someone else's, with two threads, at most."""


def main(
    architectures: Annotated[int, typer.Option(min=1, help="Networks of each bench.")] = 6,
    repeats: Annotated[int, typer.Option(min=1, help="Of each program on a network.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 1,
    bench: Annotated[str, typer.Option(help="One bench instead of all.")] = "",
    slow: Annotated[bool, typer.Option(help="Autograd and the released way too.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Time the engine; exits with 1 where a limit is missed."""
    console = Console()
    load = os.getloadavg()[0]
    seconds = {
        name: _timed(name, _specs(name, architectures, seed), repeats, slow)
        for name in ([bench] if bench else sorted(BENCHES))
    }
    found = {name: _ratios(each) for name, each in seconds.items()}
    console.print(_table(found, seconds))
    first = _specs("nb201", 1, seed)[0]
    around = _surroundings(first, repeats)
    rest = Table("one NB201 network, eight proxies", "measured", "at most")
    for name, ratio in around.items():
        rest.add_row(name, f"{ratio:.2f}", f"{BESIDE_LIMIT:g}" if name == _BESIDE else "")
    console.print(rest)
    machine = this_machine()
    print(f"{machine}. One-minute load average at the start: {load:.1f}.")
    missed = [
        f"{name}, {ratio}: {found[name][ratio]:.3f} > {limit}"
        for (name, ratio), limit in LIMITS.items()
        if name in found and found[name][ratio] > limit
    ]
    if around[_BESIDE] > BESIDE_LIMIT:
        missed.append(f"{_BESIDE}: {around[_BESIDE]:.2f} > {BESIDE_LIMIT}")
    if as_json is not None:
        report = {
            "machine": asdict(machine),
            "load": load,
            "architectures": architectures,
            "repeats": repeats,
            "seed": seed,
            "cpu_seconds": seconds,
            "ratios": found,
            "surroundings": around,
            "missed": missed,
        }
        as_json.write_text(json.dumps(report, indent=2) + "\n")
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    raise typer.Exit(1 if missed else 0)


def _specs(bench: str, count: int, seed: int) -> list[Any]:
    """Different networks that have a path from input to output."""
    asked, found = BENCHES[bench], dict[str, Any]()
    for reading in asked.sample(20 * count, seed):
        spec = reading.architecture.spec
        if asked.graph(spec, asked.skeletons["full"], 10).output_depends_on_input:
            found.setdefault(reading.architecture.hash, spec)
        if len(found) == count:
            break
    return list(found.values())


def _timed(bench: str, specs: Sequence[Any], repeats: int, slow: bool) -> list[Mapping[str, float]]:
    """CPU seconds by program, network by network."""
    with _worker() as run:
        return [
            run(programs.timed, bench, spec, repeats, slow)
            for spec in track(specs, bench, transient=True)
        ]


@contextmanager
def _worker(keep_memory: bool = True) -> Iterator[Callable[..., Any]]:
    """Runs functions in a fresh process made a worker's."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1, spawning, initializer=programs.start, initargs=(keep_memory,)
    ) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()


def _ratios(seconds: Sequence[Mapping[str, float]]) -> Ratios:
    """Medians over the networks."""
    return {
        name: median(each[above] / each[below] for each in seconds)
        for name, (above, below) in PAIRS.items()
        if above in seconds[0]
    }


_BESIDE = "two threads beside a busy process / one thread alone, wall clock"


def _surroundings(spec: Any, repeats: int) -> Ratios:
    """What the process around the sweep does to it."""
    with _worker() as run:
        kept = run(programs.timed, "nb201", spec, repeats, False)[EIGHT]
        alone = run(programs.wall, "nb201", spec, repeats, 1)
        with _busy():
            one = run(programs.wall, "nb201", spec, repeats, 1)
            two = run(programs.wall, "nb201", spec, repeats, 2)
    with _worker(keep_memory=False) as run:
        given_back = run(programs.timed, "nb201", spec, repeats, False)[EIGHT]
    return {
        "freed memory given back / kept, CPU time": given_back / kept,
        "one thread beside a busy process / alone, wall clock": one / alone,
        _BESIDE: two / alone,
    }


@contextmanager
def _busy() -> Iterator[None]:
    process = Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _table(
    found: Mapping[str, Ratios], seconds: Mapping[str, Sequence[Mapping[str, float]]]
) -> Table:
    table = Table("CPU time, one thread, medians (least to greatest)")
    for bench in found:
        table.add_column(bench, justify="right")
        table.add_column("at most", justify="right")
    for name in (FORWARD_BACKWARD, EIGHT):
        cells = []
        for bench in found:
            each = [1e3 * network[name] for network in seconds[bench]]
            cells += [f"{median(each):.0f} ms ({min(each):.0f}-{max(each):.0f})", ""]
        table.add_row(name, *cells)
    for name, (above, below) in PAIRS.items():
        cells = []
        for bench, ratios in found.items():
            if name not in ratios:
                cells += ["", ""]
                continue
            each = [network[above] / network[below] for network in seconds[bench]]
            limit = LIMITS.get((bench, name))
            cells += [
                f"{ratios[name]:.3g} ({min(each):.3g}-{max(each):.3g})",
                "" if limit is None else f"{limit:g}",
            ]
        if any(cells):
            table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    typer.run(main)
