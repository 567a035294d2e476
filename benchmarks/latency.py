"""Where the time of an answer goes: `python -m benchmarks.latency`.

- Cold answers: NB201 architectures that nobody asked for, one at a time, all proxies under `full`,
  with `Prefer: wait`. The total is the client's clock; the parts come from the log lines that
  carry the request's id: `queued` and `request` of the API, `claimed`, `evaluated` and `written` of
  the worker. Durations are monotonic; only the steps between processes are differences of
  timestamps.
- Cached answers against GET /healthz: one kept connection, in turn.
- The API process: its memory after all that, its libraries, and how fast another one starts.
"""

import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.running import Running, api_pid, free_port, service
from service.benches import BENCHES
from service.local.children import spawn, wait_or_kill

BENCH = "nb201"
WARM_UP = 8
"""Asked at once, so that every worker has loaded its protocol and torch its kernels."""

WAIT_SECONDS = 120
STARTS = 5
START_SECONDS = 60.0

RATIO_LIMIT = 4.0
"""A cached answer against GET /healthz."""
MEMORY_LIMIT = 200
"""Megabytes of an API process."""

Parts = dict[str, float]


def main(
    architectures: Annotated[int, typer.Option(min=1, help="Cold answers.")] = 20,
    requests: Annotated[int, typer.Option(min=1, help="Cached answers.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the architectures.")] = 0,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Measure a service of its own; exits with 1 where a limit is missed."""
    with service() as running, httpx2.Client(base_url=running.address, timeout=300.0) as http:
        spellings = list(_different(WARM_UP + architectures, seed))
        _ask(http, spellings[:WARM_UP], "warm-up")
        cold = [
            _cold(http, running, spelling, f"cold-{number}")
            for number, spelling in track(
                list(enumerate(spellings[WARM_UP:])), "cold answers", transient=True
            )
        ]
        cached = _cached(http, spellings[-1], requests)
        pid = api_pid(running)
        memory = _memory(pid)
        torch = _maps_torch(pid)
        start = median(_start_seconds(pid) for _ in range(STARTS))
    machine = this_machine()
    report = {
        "machine": asdict(machine),
        "cold_ms": _medians(cold),
        "cold_architectures": len(cold),
        "cached_ms": cached,
        "cached_requests": requests,
        "api_memory_mb": memory,
        "api_maps_torch": torch,
        "api_start_seconds": round(start, 2),
    }
    _print(report)
    print(f"\n{machine}")
    if as_json is not None:
        as_json.write_text(json.dumps(report, indent=2) + "\n")
    missed = cached["ratio"] > RATIO_LIMIT or memory["rss"] > MEMORY_LIMIT or torch
    raise typer.Exit(1 if missed else 0)


def _different(count: int, seed: int) -> Iterator[Mapping[str, Any]]:
    """Spellings of as many different networks that have a path from input to output."""
    bench, seen = BENCHES[BENCH], set[str]()
    for reading in bench.sample(20 * count, seed):
        spec, digest = reading.architecture.spec, reading.architecture.hash
        graph = bench.graph(spec, bench.skeletons["full"], 10)
        if digest not in seen and graph.output_depends_on_input:
            seen.add(digest)
            yield reading.asked
            if len(seen) == count:
                return


def _ask(http: httpx2.Client, spellings: list[Mapping[str, Any]], request_id: str) -> Any:
    answer = http.post(
        "/score",
        json={"bench": BENCH, "protocol": "full", "architectures": spellings},
        headers={"Prefer": f"wait={WAIT_SECONDS}", "X-Request-ID": request_id},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def _cold(
    http: httpx2.Client, running: Running, spelling: Mapping[str, Any], request_id: str
) -> Parts:
    """The seconds of one answer that nobody knew, part by part; they sum to `total`."""
    started = time.perf_counter()
    assert _ask(http, [spelling], request_id)["job"] is not None
    total = time.perf_counter() - started
    lines = _lines(running, request_id)
    api, queued = lines["request"], lines["queued"]
    claimed, evaluated, written = lines["claimed"], lines["evaluated"], lines["written"]
    api_begun = _at(api) - api["seconds"]
    claim_begun = _at(claimed) - claimed["seconds"]
    passes = sum(evaluated["passes"].values())
    return {
        "client and HTTP": total - api["seconds"],
        "API: read, look up, store the job": _at(queued) - api_begun,
        "queue: until a worker hears of it": claim_begun - _at(queued),
        "worker: claim": claimed["seconds"],
        "build": evaluated["passes"]["build"],
        **{
            f"pass: {name}": seconds
            for name, seconds in evaluated["passes"].items()
            if name != "build"
        },
        "worker: formulas and the rest": _at(evaluated) - _at(claimed) - passes,
        "worker: write": written["seconds"],
        "API: wake up, read back, answer": _at(api) - _at(written),
        "total": total,
    }


def _lines(running: Running, request_id: str) -> dict[str, dict[str, Any]]:
    """By event: what the processes logged of a request. The worker's last line may come late."""
    wanted = {"request", "queued", "claimed", "evaluated", "written"}
    deadline = time.monotonic() + 5.0
    found: dict[str, dict[str, Any]] = {}
    while not wanted <= found.keys() and time.monotonic() < deadline:
        for log in running.logs.glob("*.log"):
            for line in log.read_text().splitlines():
                if f'"{request_id}"' in line:
                    entry = json.loads(line)
                    found[entry["event"]] = entry
    return found


def _at(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def _medians(cold: list[Parts]) -> Parts:
    names = dict.fromkeys(name for parts in cold for name in parts if name != "total")
    return {
        name: round(1e3 * median(parts.get(name, 0.0) for parts in cold), 2)
        for name in (*names, "total")
    }


def _cached(http: httpx2.Client, spelling: Mapping[str, Any], requests: int) -> Parts:
    """Medians in milliseconds and their ratio, a cached answer and GET /healthz in turn."""
    body = {"bench": BENCH, "protocol": "full", **spelling}

    def cached() -> None:
        answer = http.post("/score", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["job"] is None

    def health() -> None:
        assert http.get("/healthz").json() == {"status": "live"}

    times: dict[str, list[float]] = {"cached": [], "healthz": []}
    for _ in range(requests):
        times["healthz"].append(_timed(health))
        times["cached"].append(_timed(cached))
    found = {name: round(1e3 * median(values), 3) for name, values in times.items()}
    return {**found, "ratio": round(found["cached"] / found["healthz"], 2)}


def _timed(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _memory(pid: int) -> dict[str, float]:
    """RSS, and PSS, which shares what processes share among them, in megabytes (10^6 bytes)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = dict(re.findall(r"^(Rss|Pss): +(\d+) kB$", text, re.MULTILINE))
    return {name.lower(): round(int(value) * 1.024e-3, 1) for name, value in kilobytes.items()}


def _maps_torch(pid: int) -> bool:
    return "torch" in Path(f"/proc/{pid}/maps").read_text()


def _start_seconds(pid: int) -> float:
    """From the start of another API process, beside the first, to its first answer."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    port = free_port()
    with TemporaryDirectory(prefix="nascore-") as folder:
        started = time.perf_counter()
        process = spawn(
            [sys.executable, "-m", "service.cli", "api", "--port", str(port)],
            env=environment,
            log=Path(folder) / "api.log",
            death_signal=signal.SIGTERM,
        )
        try:
            while time.perf_counter() - started < START_SECONDS:
                try:
                    if httpx2.get(f"http://127.0.0.1:{port}/healthz").is_success:
                        return time.perf_counter() - started
                except httpx2.TransportError:
                    time.sleep(0.01)
        finally:
            process.terminate()
            wait_or_kill(process, START_SECONDS)
    raise TimeoutError("the API does not answer")


def _print(report: Mapping[str, Any]) -> None:
    console = Console()
    cold = report["cold_ms"]
    table = Table(
        "part",
        title=f"A cold NB201 answer under full: medians of {report['cold_architectures']}",
        title_justify="left",
    )
    table.add_column("ms", justify="right")
    table.add_column("of the total", justify="right")
    for name, value in cold.items():
        if name == "total":
            table.add_section()
        table.add_row(name, f"{value:.2f}", f"{value / cold['total']:.1%}")
    console.print(table)
    cached, memory = report["cached_ms"], report["api_memory_mb"]
    rest = Table("what", "measured", "at most")
    rest.add_row("GET /healthz", f"{cached['healthz']:.2f} ms", "")
    rest.add_row("cached POST /score, all proxies", f"{cached['cached']:.2f} ms", "")
    rest.add_row("their ratio", f"{cached['ratio']:.2f}", f"{RATIO_LIMIT:g}")
    rest.add_row("API process, RSS", f"{memory['rss']:.0f} MB", f"{MEMORY_LIMIT} MB")
    rest.add_row("API process, PSS", f"{memory['pss']:.0f} MB", "")
    rest.add_row("torch in the API process", "yes" if report["api_maps_torch"] else "no", "no")
    rest.add_row("API start to first answer", f"{report['api_start_seconds']:.2f} s", "aim 2 s")
    console.print(rest)


if __name__ == "__main__":
    typer.run(main)
