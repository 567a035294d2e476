"""What ten thousand architectures at once do to the service: `python -m benchmarks.ten_thousand`.

- POST /score of 10,000 spellings of each bench under `fast`, all proxies, nothing of it known:
  until the 202, and until all pages of results are read. Then two cheap proxies, computed and
  asked for once more: until the 200. Meanwhile another client asks GET /healthz all the time: its
  longest wait is how long the event loop was held. The API process's peak of memory is the
  kernel's own.
- A live request that nobody has asked for, again and again while bulk work runs, for several
  settings of the seconds that a worker claims at once.
"""

import json
import multiprocessing
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.running import Running, api_pid, service
from service.benches import BENCHES

PAUSE_SECONDS = 0.005
"""Between two questions of the client that asks all the time."""

MEMORY_LIMIT = 200
"""Megabytes of the API process, at any time."""

HELD_LIMIT = 100
"""Milliseconds that GET /healthz may wait meanwhile."""

CHUNKS = (0.25, 1.0, 4.0)
"""Settings of NASCORE_CHUNK_SECONDS."""

CHEAP = ["params", "flops"]

BULK = 4_000
"""Architectures of the bulk job: all live requests come while it runs."""

BEGUN_SECONDS = 5.0
"""After that every worker has its share of it."""

DONE_SECONDS = 1_800.0


def main(
    architectures: Annotated[int, typer.Option(min=1, help="Of each request.")] = 10_000,
    live: Annotated[int, typer.Option(min=1, help="Live requests for each setting.")] = 30,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Measure a service of its own; exits with 1 where a limit is missed."""
    large, waits = {}, {}
    for bench in BENCHES:
        with service() as running, _client(running) as http:
            large[bench] = _large(running, http, bench, architectures)
    for seconds in CHUNKS:
        with service(NASCORE_CHUNK_SECONDS=str(seconds)) as running, _client(running) as http:
            waits[seconds] = _live(http, live)
    machine = this_machine()
    report = {
        "machine": asdict(machine),
        "architectures": architectures,
        "large": large,
        "live_wait_ms": waits,
        "live_requests": live,
    }
    _print(report)
    print(f"\n{machine}")
    if as_json is not None:
        as_json.write_text(json.dumps(report, indent=2) + "\n")
    missed = any(
        found["peak_mb"] > MEMORY_LIMIT
        or max(found[f"{name}_held_ms"] for name in ("queued", "paged", "known")) > HELD_LIMIT
        for found in large.values()
    )
    raise typer.Exit(1 if missed else 0)


def _client(running: Running) -> httpx2.Client:
    return httpx2.Client(base_url=running.address, timeout=DONE_SECONDS)


def _large(running: Running, http: httpx2.Client, bench: str, count: int) -> dict[str, Any]:
    pid = api_pid(running)
    asked = [reading.asked for reading in BENCHES[bench].sample(count, 0)]
    all_proxies = {"bench": bench, "architectures": asked}
    cheap = {**all_proxies, "proxies": CHEAP, "seed": 1}
    found: dict[str, Any] = {"before_mb": _memory(pid, "VmRSS")}
    spans: dict[str, tuple[float, float]] = {}
    with _asking(running.address) as waits:
        spans["queued"], answer = _score(http, all_proxies, 202)
        found["request_mb"] = len(answer.request.content) / 1e6
        found["answer_mb"] = len(answer.content) / 1e6
        job = answer.json()["job"]
        begun = time.perf_counter()
        assert _pages(http, job) == count
        spans["paged"] = (begun, time.perf_counter())
        http.delete(f"/jobs/{job}")
        _await(http, _score(http, cheap, 202)[1].json()["job"])
        spans["known"], _ = _score(http, cheap, 200)
    found["peak_mb"] = _memory(pid, "VmHWM")
    found["after_mb"] = _memory(pid, "VmRSS")
    for name, (begun, ended) in spans.items():
        found[f"{name}_seconds"] = ended - begun
        during = [seconds for at, seconds in waits if begun - seconds <= at <= ended]
        found[f"{name}_held_ms"] = 1e3 * max(during)
    return found


def _score(
    http: httpx2.Client, body: Mapping[str, Any], status: int
) -> tuple[tuple[float, float], httpx2.Response]:
    """When the request was sent and its answer there, and the answer."""
    content = json.dumps(body).encode()
    begun = time.perf_counter()
    answer = http.post("/score", content=content, headers={"Content-Type": "application/json"})
    ended = time.perf_counter()
    assert answer.status_code == status, answer.text[:500]
    assert len(answer.json()["results"]) == len(body["architectures"])
    return (begun, ended), answer


def _pages(http: httpx2.Client, job: str) -> int:
    path, found = f"/jobs/{job}/results?limit=1000", 0
    while path:
        page = http.get(path)
        found += len(page.json()["results"])
        path = page.links["next"]["url"] if "next" in page.links else ""
    return found


def _await(http: httpx2.Client, job: str) -> None:
    deadline = time.monotonic() + DONE_SECONDS
    while http.get(f"/jobs/{job}").json()["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.5)


@contextmanager
def _asking(address: str) -> Iterator[list[tuple[float, float]]]:
    """When each GET /healthz was sent and its seconds, of a process that asks all the time.

    The list is filled when the block ends.
    """
    waits: list[tuple[float, float]] = []
    ours, theirs = multiprocessing.Pipe()
    asking = multiprocessing.Process(target=_ask, args=(address, theirs))
    asking.start()
    try:
        yield waits
        ours.send("stop")
        waits += ours.recv()
    finally:
        asking.terminate()
        asking.join()


def _ask(address: str, pipe: Connection) -> None:
    waits = []
    with httpx2.Client(base_url=address, timeout=DONE_SECONDS) as http:
        while not pipe.poll():
            started = time.perf_counter()
            assert http.get("/healthz").is_success
            waits.append((started, time.perf_counter() - started))
            time.sleep(PAUSE_SECONDS)
    pipe.send(waits)


def _live(http: httpx2.Client, requests: int) -> dict[str, float]:
    """Milliseconds of live requests, one after the other, alone and while a bulk job runs."""
    bench = BENCHES["nb201"]
    different: dict[str, Mapping[str, Any]] = {}
    for reading in bench.sample(10 * BULK, 1):
        different.setdefault(reading.architecture.hash, reading.asked)
    spellings = iter(different.values())
    live, bulk = list(islice(spellings, requests)), list(islice(spellings, BULK))
    _wait(http, live[0], seed=2)
    alone = [_wait(http, spelling, seed=0) for spelling in live]
    body = {"bench": bench.name, "architectures": bulk}
    job = http.post("/score", json=body).json()["job"]
    time.sleep(BEGUN_SECONDS)
    waits = [_wait(http, spelling, seed=1) for spelling in live]
    assert http.get(f"/jobs/{job}").json()["state"] == "running"
    return {
        "alone": 1e3 * median(alone),
        "median": 1e3 * median(waits),
        "longest": 1e3 * max(waits),
    }


def _wait(http: httpx2.Client, spelling: Mapping[str, Any], seed: int) -> float:
    started = time.perf_counter()
    body = {"bench": "nb201", "seed": seed, **spelling}
    answer = http.post("/score", json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - started


def _memory(pid: int, name: str) -> float:
    """Megabytes (10^6 bytes) of a process: `VmRSS` now, `VmHWM` at its highest."""
    text = Path(f"/proc/{pid}/status").read_text()
    (kilobytes,) = re.findall(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(kilobytes) * 1.024e-3


def _print(report: Mapping[str, Any]) -> None:
    console = Console()
    large = report["large"]
    table = Table("what", *large, title=f"{report['architectures']} architectures in one request")
    rows = (
        ("request", "request_mb", "{:.1f} MB"),
        ("until the 202, all proxies", "queued_seconds", "{:.2f} s"),
        ("answer", "answer_mb", "{:.1f} MB"),
        ("until all pages are read", "paged_seconds", "{:.2f} s"),
        ("until the 200, two proxies, all known", "known_seconds", "{:.2f} s"),
        ("GET /healthz at most, before the 202", "queued_held_ms", "{:.0f} ms"),
        ("GET /healthz at most, while paging", "paged_held_ms", "{:.0f} ms"),
        ("GET /healthz at most, before the 200", "known_held_ms", "{:.0f} ms"),
        ("API process before", "before_mb", "{:.0f} MB"),
        ("API process at its highest", "peak_mb", "{:.0f} MB"),
        ("API process after", "after_mb", "{:.0f} MB"),
    )
    for title, name, form in rows:
        table.add_row(title, *(form.format(found[name]) for found in large.values()))
    console.print(table)
    waits = Table(
        "NASCORE_CHUNK_SECONDS",
        *("alone", "median", "longest"),
        title=f"A live NB201 answer while bulk work runs: {report['live_requests']} of each",
    )
    for seconds, found in report["live_wait_ms"].items():
        waits.add_row(f"{seconds:g}", *(f"{value:.0f} ms" for value in found.values()))
    console.print(waits)


if __name__ == "__main__":
    typer.run(main)
