"""What a page of a board of every NB101 architecture takes: `python -m benchmarks.rank`.

The board is synthetic and no result of anything: 423,624 rows with random hashes, spellings and
sizes of a few thousand random NB101 cells (sizes moved by up to a thousandth, so that few are
equal), and four made-up scores. `uncorrelated` is random; `larger_better` is the number of
parameters, `smaller_better` its negative and `steps` its octave: boards on which what a filter
leaves stands at one end. Twenty thousand architectures have an accuracy, those of the fewest
parameters: on two boards they are at one end too.

Asked over HTTP by one client, a kept connection, JSON pages of 100 rows; the first page and one in
the middle of what the filter leaves, each compared with what numpy sorts. What a page takes of a
core, in the API and in PostgreSQL together, is what it takes on a machine with nothing else to do,
but for the wire; the median by the clock is what it took on this one. Where the first passes 20 ms,
the command fails.

Then pages from the middle of a board on, by `offset`, in several orders.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

import httpx2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from sqlalchemy import create_engine, text

from benchmarks.machine import this_machine
from benchmarks.running import api_pid, service
from service.api import board_pages
from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.db.size_classes import size_class

BENCH = "nb101"
CELLS = 4_000
KNOWN = 20_000
LIMIT_MS = 20.0
PAGE = 100

BOARDS = {
    # Proxies of the catalogue lend their names and directions, nothing else.
    "uncorrelated": "nwot",
    "larger_better": "params",
    "smaller_better": "synflow",
    "steps": "flops",
}


ORDERS: dict[str, dict[str, Any]] = {
    "score": {},
    "score, parameters: middle 50 %": {},
    "accuracy": {"sort": "accuracy"},
    "parameters": {"sort": "parameters"},
}


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="Of each board.")] = 423_624,
    repetitions: Annotated[int, typer.Option(min=3, help="Of each page.")] = 30,
    as_json: Annotated[Path | None, typer.Option("--json", help="Where to write JSON.")] = None,
) -> None:
    """Measure a service of its own; exits with 1 where a page misses the limit."""
    console = Console(stderr=True)
    with service() as running:
        url = _environment(api_pid(running))["NASCORE_DATABASE_URL"]
        with httpx2.Client(base_url=running.address, timeout=300.0) as http:
            # It makes the protocol that the boards are of.
            spelling = {
                "bench": BENCH,
                "architecture": BENCHES[BENCH].example,
                "proxies": ["l2_norm"],
            }
            answer = http.post("/score", json=spelling, headers={"Prefer": "wait=120"})
            assert answer.status_code == 200, answer.text
            console.print("filling the tables ...")
            started = perf_counter()
            synthetic = _fill(url, rows)
            clock = Clock(api_pid(running), url)
            filled = perf_counter() - started
            found = [
                _measured(http, clock, synthetic, title, board, repetitions)
                for board in BOARDS
                for title in synthetic.filters
            ]
            jumps = [_jumped(http, clock, synthetic, order, repetitions) for order in ORDERS]
            whole = list(_whole(http, synthetic.filters))
    _print(found, jumps, whole)
    slowest = max(
        each.get(page, 0.0) for each in found for page in ("first_core_ms", "middle_core_ms")
    )
    machine = this_machine()
    print(f"\n{rows:,} rows a board; filled in {filled:.0f} s. {machine}.")
    if as_json is not None:
        report = {
            "machine": asdict(machine),
            "rows": rows,
            "pages": found,
            "jumps": jumps,
            "whole": whole,
        }
        as_json.write_text(json.dumps(report, indent=2) + "\n")
    raise typer.Exit(1 if slowest > LIMIT_MS else 0)


def _environment(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


@dataclass(frozen=True)
class Synthetic:
    """What was made up; a place is an architecture's in all of it."""

    ids: NDArray[np.int64]
    hashes: list[str]
    sizes: NDArray[np.int64]
    """Parameters and flops, (rows, 2)."""
    known: NDArray[np.bool_]
    scores: dict[str, NDArray[np.float64]]
    filters: dict[str, dict[str, Any]]

    def ordered(self, board: str, query: Mapping[str, Any], *, larger: bool) -> NDArray[np.int64]:
        """The places of what a filter leaves, best first."""
        left = np.ones(len(self.ids), bool)
        for measure, name in enumerate(("parameters", "flops")):
            left &= self.sizes[:, measure] >= query.get(f"{name}_min", 0)
            left &= self.sizes[:, measure] <= query.get(f"{name}_max", 2**62)
        if "accuracy" in query:
            left &= self.known
        places = np.flatnonzero(left)
        order = places[np.lexsort((self.ids[places], self.scores[board][places]))]
        return order[::-1] if larger else order

    def cursor(self, first: str, board: str, order: NDArray[np.int64], begin: int) -> str:
        """The one behind `begin` rows, made of the one behind the first page: to page there takes
        as long as everything else."""
        name = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))[0]
        last = order[begin - 1]
        value = float(self.scores[board][last])
        return board_pages.write((name, value, int(self.ids[last]), begin, begin))


def _synthetic(rows: int, first: int) -> tuple[Synthetic, list[str], NDArray[np.int64]]:
    """Also the spellings that there are, and which of them each architecture has."""
    bench, random = BENCHES[BENCH], np.random.default_rng(0)
    specs = [reading.architecture.spec for reading in bench.sample(CELLS, 1)]
    measured = np.array([bench.size(spec, bench.skeletons["full"], 10) for spec in specs])
    chosen = random.integers(CELLS, size=rows)
    sizes = (measured[chosen] * random.uniform(0.999, 1.001, (rows, 1))).astype(np.int64)
    known = np.zeros(rows, bool)
    known[np.argsort(sizes[:, 0])[:KNOWN]] = True
    scores = {
        "uncorrelated": random.normal(size=rows),
        "larger_better": sizes[:, 0].astype(float),
        "smaller_better": -sizes[:, 0].astype(float),
        "steps": np.floor(np.log2(sizes[:, 0])),
    }
    hashes = [random.bytes(16).hex() for _ in range(rows)]
    found = Synthetic(first + np.arange(rows), hashes, sizes, known, scores, _filters(sizes))
    return found, [json.dumps(spec) for spec in specs], chosen


def _fill(url: str, rows: int) -> Synthetic:
    """Writes the boards."""
    engine = create_engine(url)
    with engine.begin() as connection:
        raw = connection.connection.cursor()
        first = 1 + (connection.scalar(text("SELECT max(id) FROM architectures")) or 0)
        synthetic, specs, chosen = _synthetic(rows, first)
        with raw.copy(
            "COPY architectures (id, bench, hash, spec, parameters, flops, size_class) FROM STDIN"
        ) as copy:
            for place, digest in enumerate(synthetic.hashes):
                size = [int(each) for each in synthetic.sizes[place]]
                row = (first + place, BENCH, digest, specs[chosen[place]])
                copy.write_row((*row, *size, size_class(*size)))
        # The example's alone was scored so far.
        protocol = connection.scalar(text("SELECT max(protocol_id) FROM scores"))
        for board, values in synthetic.scores.items():
            proxy = CATALOGUE[BOARDS[board]]
            with raw.copy(
                "COPY scores (architecture_id, protocol_id, proxy, revision, value, device, torch, "
                "seconds) FROM STDIN"
            ) as copy:
                for place, value in enumerate(values):
                    key = (first + place, protocol, proxy.name, proxy.revision)
                    copy.write_row((*key, float(value), "none", "none", 0.0))
        _know(connection, synthetic.ids[synthetic.known])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As PostgreSQL does by itself within a minute.
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return synthetic


def _know(connection: Any, architecture_ids: NDArray[np.int64]) -> None:
    connection.execute(
        text(
            "WITH made AS (INSERT INTO series (bench, kind, name, dataset, metric, source) "
            "VALUES (:bench, 'accuracy', 'synthetic', 'none', 'none', 'made up') RETURNING id) "
            "INSERT INTO series_values (series_id, architecture_id, spelling, whole, value) "
            "SELECT made.id, given.id, given.id, true, 0 "
            "FROM made, unnest(CAST(:ids AS bigint[])) AS given (id)"
        ),
        {"bench": BENCH, "ids": [int(each) for each in architecture_ids]},
    )
    connection.execute(text("SELECT place_noted(:bench, 2147483647, true)"), {"bench": BENCH})


def _filters(sizes: NDArray[np.int64]) -> dict[str, dict[str, Any]]:
    """Each filter that there is, wide and narrow, at both ends and in the middle."""

    def quantile(measure: int, share: float) -> int:
        return int(np.quantile(sizes[:, measure], share))

    found: dict[str, dict[str, Any]] = {"none": {}}
    for measure, name in enumerate(("parameters", "flops")):
        found |= {
            f"{name}: smallest 1 %": {f"{name}_max": quantile(measure, 0.01)},
            f"{name}: smallest 30 %": {f"{name}_max": quantile(measure, 0.3)},
            f"{name}: middle 50 %": {
                f"{name}_min": quantile(measure, 0.25),
                f"{name}_max": quantile(measure, 0.75),
            },
            f"{name}: largest 1 %": {f"{name}_min": quantile(measure, 0.99)},
            f"{name}: a hundred rows": {
                f"{name}_min": int(np.sort(sizes[:, measure])[len(sizes) // 2]),
                f"{name}_max": int(np.sort(sizes[:, measure])[len(sizes) // 2 + 100]),
            },
            f"{name}: no row": {f"{name}_max": 1},
        }
    both = {"parameters_max": quantile(0, 0.4), "flops_min": quantile(1, 0.35)}
    return found | {
        "parameters and flops": both,
        "accuracy known": {"accuracy": "known"},
        "accuracy known, half of their parameters": {
            "accuracy": "known",
            "parameters_max": int(np.sort(sizes[:, 0])[KNOWN // 2]),
        },
    }


def _measured(
    http: httpx2.Client,
    clock: "Clock",
    synthetic: "Synthetic",
    title: str,
    board: str,
    repetitions: int,
) -> dict[str, Any]:
    query = synthetic.filters[title]
    asked = {"bench": BENCH, "proxy": BOARDS[board], **query, "limit": PAGE}
    page = http.get("/rank", params=asked).json()
    expected = synthetic.ordered(board, query, larger=page["direction"] == "larger")
    assert page["total"] == len(expected), (board, title)
    begin = len(expected) // 2
    pages: dict[str, dict[str, Any]] = {"first": asked}
    if page["next"] and begin:
        pages["middle"] = {
            **asked,
            "cursor": synthetic.cursor(page["next"], board, expected, begin),
        }
    found = {"board": board, "filter": title, "total": len(expected)}
    for name, params in pages.items():
        items = http.get("/rank", params=params).json()["items"]
        start = 0 if name == "first" else begin
        wanted = [synthetic.hashes[place] for place in expected[start : start + PAGE]]
        assert [item["hash"] for item in items] == wanted, (board, title, name)
        worked = clock.core_seconds()
        times = [_milliseconds(http, params) for _ in range(repetitions)]
        worked = clock.core_seconds() - worked
        found |= {
            f"{name}_core_ms": round(1e3 * worked / repetitions, 1),
            f"{name}_ms": round(median(times), 1),
        }
    return found


def _jumped(
    http: httpx2.Client, clock: "Clock", synthetic: Synthetic, order: str, repetitions: int
) -> dict[str, Any]:
    """From a row in the middle on, which costs the most: the first page in an order of many rows,
    and those that follow."""
    query = synthetic.filters.get(order.partition(", ")[2], {})
    asked = {"bench": BENCH, "proxy": "nwot", **query, **ORDERS[order], "limit": PAGE}
    total = http.get("/rank", params={**asked, "sort": "score", "limit": 1}).json()["total"]
    found: dict[str, Any] = {"order": order, "total": total}
    offsets = total // 2 - PAGE * np.arange(repetitions)
    for name, some in (("first", offsets[:1]), ("next", offsets[1:])):
        worked = clock.core_seconds()
        times = [_milliseconds(http, {**asked, "offset": int(offset)}) for offset in some]
        worked = clock.core_seconds() - worked
        found |= {
            f"{name}_core_ms": round(1e3 * worked / len(some), 1),
            f"{name}_ms": round(median(times), 1),
        }
    return found


class Clock:
    """Reads what the API and PostgreSQL's sessions with it have used of the cores."""

    def __init__(self, api: int, url: str) -> None:
        self._api = api
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def core_seconds(self) -> float:
        with self._engine.connect() as connection:
            sessions = connection.scalars(
                text(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
            ).all()
        return sum(_core_seconds(pid) for pid in (self._api, *sessions))


def _core_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _milliseconds(http: httpx2.Client, asked: Mapping[str, Any]) -> float:
    started = perf_counter()
    answer = http.get("/rank", params=asked)
    seconds = perf_counter() - started
    assert answer.status_code == 200, answer.text
    return 1e3 * seconds


def _whole(http: httpx2.Client, filters: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """All rows as CSV: how many, how long, until when the first bytes came."""
    for title in ("none", "parameters: middle 50 %"):
        asked = {"bench": BENCH, "proxy": "nwot", "everything": "true", **filters[title]}
        started = perf_counter()
        lines, first = -1, 0.0
        with http.stream("GET", "/rank", params=asked, headers={"Accept": "text/csv"}) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_bytes():
                first = first or perf_counter() - started
                lines += piece.count(b"\n")
        seconds = perf_counter() - started
        yield {"filter": title, "rows": lines, "seconds": round(seconds, 1)}


def _print(
    found: list[dict[str, Any]], jumps: list[dict[str, Any]], whole: list[dict[str, Any]]
) -> None:
    print("| board | filter | rows | first page: ms of a core | by the clock | middle | clock |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for each in found:
        cells = [
            str(each.get(name, "–"))
            for name in ("first_core_ms", "first_ms", "middle_core_ms", "middle_ms")
        ]
        print(f"| {each['board']} | {each['filter']} | {each['total']:,} | {' | '.join(cells)} |")
    print("\n| to the middle, by | rows | first page: ms of a core | by the clock | next | clock |")
    print("|---|---:|---:|---:|---:|---:|")
    for each in jumps:
        cells = [
            f"{each[name]}" for name in ("first_core_ms", "first_ms", "next_core_ms", "next_ms")
        ]
        print(f"| {each['order']} | {each['total']:,} | {' | '.join(cells)} |")
    print("\n| all rows as CSV | rows | s |\n|---|---:|---:|")
    for each in whole:
        print(f"| {each['filter']} | {each['rows']:,} | {each['seconds']} |")


if __name__ == "__main__":
    typer.run(main)
