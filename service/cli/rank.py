"""nascore rank"""

import json
from typing import Annotated

import typer
from rich.table import Table

from service.cli.errors import connected
from service.cli.options import Dataset, Protocol, Seed, Server
from service.cli.tables import print_whole


def command(
    bench: Annotated[str, typer.Argument(help="As `GET /benches` names it.")],
    server: Server,
    proxy: Annotated[
        str | None, typer.Option(help="A proxy or an ensemble; the bench's default ensemble.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 10,
    protocol: Protocol = "fast",
    dataset: Dataset = "patches",
    seed: Seed = 0,
) -> None:
    """Show a leaderboard, best first."""
    with connected(server) as client:
        board = client.rank(
            bench, limit, proxy=proxy, protocol=protocol, dataset=dataset, seed=seed
        )
    table = Table("rank", board["proxy"], "hash", "architecture")
    for item in board["items"]:
        spec = item["spec"]
        table.add_row(
            str(item["rank"]),
            f"{item['score']:.6g}",
            item["hash"][:10],
            spec.get("arch") or json.dumps(spec),
        )
    print_whole(table)
    typer.echo(
        f"{bench} under {protocol}: {board['total']} scored, {board['direction']} "
        f"{board['proxy']} first ({board['evidence']}); {board['undefined']} undefined left out"
    )
