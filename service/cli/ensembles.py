"""nascore ensembles"""

import re
from typing import Annotated

import typer
from rich.table import Table

from service.cli.database import DataDir, database
from service.cli.tables import print_whole

app = typer.Typer(
    name="ensembles", help="Several proxies ranked as one, by a name.", no_args_is_help=True
)


@app.command(context_settings={"ignore_unknown_options": True})
def add(
    name: Annotated[str, typer.Argument(help="What requests will call it.")],
    proxies: Annotated[
        list[str],
        typer.Argument(help="Its proxies; `-params` counts the smaller value as the better one."),
    ],
    summary: Annotated[str, typer.Option(help="What it is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Add the sum of ln(rank/n) of some proxies, with scores for all that is scored already."""
    from sqlalchemy.orm import Session

    from service.api.schemas.score import NAME
    from service.catalogue import CATALOGUE, PROXIES
    from service.db import ensembles

    if not re.fullmatch(NAME, name) or name in PROXIES:
        raise typer.BadParameter(
            f"{name!a} is not 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-', or is a proxy's name"
        )
    bare = [proxy.removeprefix("-") for proxy in proxies]
    if unknown := [proxy for proxy in bare if proxy not in CATALOGUE]:
        raise typer.BadParameter(f"no proxy {unknown[0]!a}; there are {', '.join(CATALOGUE)}")
    if len(set(bare)) < len(bare):
        raise typer.BadParameter("a proxy is named twice")
    with database(data_dir) as engine, Session(engine) as session, session.begin():
        try:
            added = ensembles.add(session, name, proxies, summary)
        except ensembles.TakenError as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
    typer.echo(f"{name} is added." if added else f"{name} is there already.")


@app.command("list")
def list_them(data_dir: DataDir = None) -> None:
    """List the ensembles, built in and added."""
    from sqlalchemy.orm import Session

    from service.db import ensembles

    table = Table("ensemble", "rule", "proxies", "summary")
    with database(data_dir) as engine, Session(engine) as session:
        for each in ensembles.every(session).values():
            terms = (f"-{proxy}" if sign < 0 else proxy for proxy, sign in each.members.items())
            table.add_row(each.name, each.rule, " ".join(terms), each.summary)
    print_whole(table)
