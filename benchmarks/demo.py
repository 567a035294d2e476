"""The whole service at work: `make demo`.

Starts a service of its own, asks it over HTTP as a search loop would, prints what it answers and
stops it. Needs no network and no data but the repository's.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

from benchmarks.running import NotReadyError, service
from service.benches import BENCHES
from service.client import Client, ServiceError

ARCHITECTURES = 12
SEED = 2027
PROXIES = ("params", "nwot", "az3", "e5")
"""Two proxies, and the ensembles that the boards are ranked by: those bring their own proxies."""

TWINS = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_3x3~1|+|nor_conv_3x3~0|avg_pool_3x3~1|skip_connect~2|",
)
"""The same network with its two middle nodes swapped."""

SHOWN = ("nb101", "nb201")
"""Of the benches: the best known."""

INVALID: list[dict[str, Any]] = [
    {"arch": TWINS[0]},
    {"ops": ["nor_conv_3x3", "nor_conv_5x5", "none", "none", "skip_connect", "avg_pool_3x3"]},
]
"""NAS-Bench-201 has no 5x5 convolution."""

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def main() -> int:
    try:
        console.print("Starting PostgreSQL, Valkey, the API and a worker for each core …")
        started = perf_counter()
        with service() as running, Client(running.address) as client:
            console.print(f"Ready after {perf_counter() - started:.1f} s at {running.address}\n")
            for bench in SHOWN:
                score_a_sample(client, bench)
            score_twins(client)
            be_refused(client)
            for bench in SHOWN:
                rank(client, bench)
            ask_again(client, running.address)
            console.print("Stopping the service …")
    except KeyboardInterrupt:
        console.print("Interrupted; the service is stopped.", style="red")
        return 130
    except (ServiceError, NotReadyError, httpx2.TransportError) as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    return 0


def score_a_sample(client: Client, bench: str) -> None:
    """Many architectures in one request, waited for."""
    spellings = [reading.asked for reading in BENCHES[bench].sample(ARCHITECTURES, SEED)]
    started = perf_counter()
    answer = client.score(bench, spellings, proxies=PROXIES, wait=60)
    seconds = perf_counter() - started
    title = f"{BENCHES[bench].title}: {len(spellings)} random architectures in {seconds:.1f} s"
    show(title, ("hash", *PROXIES), [scores(result) for result in answer["results"]])


def score_twins(client: Client) -> None:
    """Two spellings of one network are one architecture: one hash, one score."""
    answer = client.score("nb201", [{"arch": arch} for arch in TWINS], proxies=PROXIES, wait=60)
    rows = [(spelled(result["asked"]), *scores(result)[:2]) for result in answer["results"]]
    show("One network in two spellings", ("asked", "hash", PROXIES[0]), rows)
    first, second = answer["results"]
    if (first["hash"], first["scores"]) != (second["hash"], second["scores"]):
        raise ServiceError({"title": "Two spellings of one network differ", "detail": str(answer)})


def be_refused(client: Client) -> None:
    """A request with one wrong architecture is refused whole; the answer names what is wrong."""
    try:
        client.score("nb201", INVALID, proxies=PROXIES)
    except ServiceError as refusal:
        console.print("A wrong architecture is refused:", style="bold")
        console.print(f"{refusal}\n", markup=False)
    else:
        raise ServiceError({"title": "Not refused", "detail": json.dumps(INVALID)})


def rank(client: Client, bench: str) -> None:
    """The leaderboard of everything that was ever scored."""
    board = client.rank(bench, limit=5)
    if not board["items"]:
        raise ServiceError({"title": "Nothing is ranked", "detail": json.dumps(board)})
    rows = [
        (str(item["rank"]), f"{item['score']:.5g}", item["hash"][:10], spelled(item["spec"]))
        for item in board["items"]
    ]
    title = (
        f"GET /rank?bench={bench}: the first {len(rows)} of {board['total']}, "
        f"{board['direction']} {board['proxy']} first"
    )
    show(title, ("rank", board["proxy"], "hash", "architecture"), rows)


def ask_again(client: Client, address: str) -> None:
    """What is known is answered at once; no job is made for it."""
    started = perf_counter()
    answer = client.score("nb201", [{"arch": TWINS[1]}], proxies=PROXIES)
    milliseconds = 1e3 * (perf_counter() - started)
    if answer["jobs"]:
        raise ServiceError({"title": "Asked for twice, computed twice", "detail": str(answer)})
    console.print(f"Asked again: no job, answered in {milliseconds:.0f} ms. With curl:\n")
    body = json.dumps({"bench": "nb201", "arch": TWINS[1], "proxies": PROXIES})
    console.print(
        f"curl {address}/score -H 'Content-Type: application/json' \\\n  -d '{body}'\n",
        markup=False,
        soft_wrap=True,
    )


def scores(result: Mapping[str, Any]) -> tuple[str, ...]:
    """A result as a table's row: the hash, then the scores as asked."""
    asked = {name: result["scores"][name] for name in PROXIES}
    cells = [
        "undefined" if value is None else f"{value:,.0f}" if name == "params" else f"{value:.4g}"
        for name, value in asked.items()
    ]
    return (result["hash"][:10], *cells)


def spelled(spec: Mapping[str, Any]) -> str:
    """NB201: the string, a line a node. NB101: the rows of the matrix, then the operations."""
    if "arch" in spec:
        return str(spec["arch"]).replace("+", "\n+")
    matrix = "/".join("".join(map(str, row)) for row in spec["matrix"])
    return f"{matrix} {' '.join(spec['ops'][1:-1])}"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        right = column in (*PROXIES, "rank")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()


if __name__ == "__main__":
    sys.exit(main())
