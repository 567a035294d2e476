"""What a large table of accuracies costs: `python -m benchmarks.accuracies`.

Sends one table of random NB101 cells to a service of its own, every cell with several seeds, reads
it back, and prints how long either takes, what the API process takes of memory meanwhile, and how
long others wait for a page of a leaderboard. Ends with a failure where memory is not flat.
"""

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.running import Running, api_pid, service
from service.benches import BENCHES

BENCH = "nb101"
CELLS = 20_000
"""Different ones; each stands in the table once a seed."""

GROWTH_LIMIT_BYTES = 60 * 2**20
"""Above what the idle process has, in which the first requests have been answered."""

PAUSE_SECONDS = 0.2
"""Between two looks."""

LONGEST_SECONDS = 3_600.0


@dataclass
class Watched:
    """What was seen while something went on."""

    seconds: float = 0.0
    peak: int = 0
    waits: list[float] = field(default_factory=list)


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="Of the table.")] = 500_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 1,
) -> None:
    """Puts a table, puts it again, and gets it."""
    spellings = [reading.asked for reading in BENCHES[BENCH].sample(min(CELLS, rows), seed)]
    print(this_machine(), flush=True)
    table = Table("", "seconds", "resident above idle, MB", "others wait, median s", "longest s")
    growth = 0
    with service() as running:
        pid = api_pid(running)
        _ask(running)
        idle = _resident_bytes(pid)
        for name, work in (("put", _put), ("put again", _put), ("get", _get)):
            with _watching(running, pid) as watched:
                found = work(running, spellings, rows)
            above = watched.peak - idle
            growth = max(growth, above)
            table.add_row(
                f"{name} {found:,} rows of {len(spellings):,} cells",
                f"{watched.seconds:.0f}",
                f"{above / 1e6:.0f}",
                f"{statistics.median(watched.waits):.3f}",
                f"{max(watched.waits):.2f}",
            )
    Console(width=120).print(table)
    if growth > GROWTH_LIMIT_BYTES:
        sys.exit(1)


def _put(running: Running, spellings: list[dict[str, object]], rows: int) -> int:
    answer = httpx2.put(
        f"{running.address}/accuracies",
        content=_table(spellings, rows),
        headers={"Content-Type": "application/json"},
        timeout=LONGEST_SECONDS,
    )
    answer.raise_for_status()
    values: int = answer.json()["values"]
    return values


def _get(running: Running, spellings: list[dict[str, object]], rows: int) -> int:
    path = f"/accuracies?bench={BENCH}&series=cifar10-test-108ep"
    lines = 0
    headers = {"Accept": "text/csv"}
    address = f"{running.address}{path}"
    with httpx2.stream("GET", address, headers=headers, timeout=LONGEST_SECONDS) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
    return lines - 1


def _table(spellings: list[dict[str, object]], rows: int) -> Iterator[bytes]:
    said = {"bench": BENCH, "dataset": "cifar10", "split": "test", "epochs": 108, "source": "made"}
    yield json.dumps(said).encode().removesuffix(b"}") + b', "accuracies": ['
    for row in range(rows):
        number, place = divmod(row, len(spellings))
        line = {**spellings[place], "value": 90 + place / 2_500, "seed": number}
        yield (b"," if row else b"") + json.dumps(line).encode()
    yield b"]}"


@contextmanager
def _watching(running: Running, pid: int) -> Iterator[Watched]:
    watched = Watched()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(PAUSE_SECONDS):
            watched.peak = max(watched.peak, _resident_bytes(pid))
            watched.waits.append(_ask(running))

    watcher = threading.Thread(target=watch)
    begin = time.perf_counter()
    watcher.start()
    try:
        yield watched
    finally:
        watched.seconds = time.perf_counter() - begin
        over.set()
        watcher.join()


def _ask(running: Running) -> float:
    """How long somebody else waits."""
    begin = time.perf_counter()
    httpx2.get(f"{running.address}/rank?bench=nb201", timeout=60.0).raise_for_status()
    return time.perf_counter() - begin


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    typer.run(main)
