"""nascore reference"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.database import DataDir, database
from service.cli.errors import connected
from service.cli.following import follow
from service.cli.options import Dataset, Protocol, Seed, Server
from service.cli.tables import print_whole

if TYPE_CHECKING:
    from service.benches import Bench

MEMBERS = 1_000
"""A place among so many is known to a thousandth; to score them takes minutes under `fast`."""

app = typer.Typer(
    name="reference",
    help="The frozen populations that ensembles and percentiles are ranked against.",
    no_args_is_help=True,
)


@app.command()
def build(
    bench: Annotated[str, typer.Argument(help="As `GET /benches` names it.")],
    server: Server,
    size: Annotated[int, typer.Option(min=2, max=5_000, help="Architectures to draw.")] = MEMBERS,
    sample_seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the draw.")] = 0,
    protocol: Protocol = "fast",
    dataset: Dataset = "patches",
    seed: Seed = 0,
    data_dir: DataDir = None,
) -> None:
    """Score a random sample by every proxy, freeze it, and rank against it from now on."""
    from sqlalchemy.orm import Session

    from service.db import ensembles, populations, protocols
    from service.training.protocols import recipe_named

    if recipe_named(protocol) is not None:
        raise typer.BadParameter(f"nothing is ranked among others under {protocol}, which trains")
    drawn = _named(bench).uniform(size, sample_seed)
    with connected(server) as client:
        answer = client.score(
            bench,
            [architecture.spec for architecture in drawn],
            protocol=protocol,
            dataset=dataset,
            seed=seed,
        )
        follow(client, answer["jobs"], size)
    hashes = [result["hash"] for result in answer["results"]]
    description = f"{size} different architectures drawn uniformly, sample seed {sample_seed}"
    with database(data_dir) as engine, Session(engine) as session, session.begin():
        protocol_id = protocols.id_of(session, answer["protocol"]["digest"])
        try:
            population = populations.drawn(session, bench, protocol_id, hashes, description)
        except populations.IncompleteError as error:
            seen = " and ".join(f"/jobs/{job}/results" for job in answer["jobs"])
            hint = f": see {seen}" if seen else ""
            typer.secho(f"{error}{hint}.", err=True, fg="red")
            raise typer.Exit(1) from None
        standing = populations.store(session, protocol_id, population)
        if standing is not None:
            ensembles.derive_all(session, standing, ensembles.every(session))
    if standing is None:
        typer.echo("This reference population is in use already.")
    else:
        typer.echo(f"Version {standing.version} of the reference of {bench} under {protocol}.")


def _named(bench: str) -> "Bench":
    from service.benches import BENCHES

    if bench not in BENCHES:
        raise typer.BadParameter(f"no bench {bench!a}; there are {', '.join(BENCHES)}")
    return BENCHES[bench]


@app.command("list")
def list_them(data_dir: DataDir = None) -> None:
    """List the reference populations, those in use marked."""
    from sqlalchemy.orm import Session

    from service.db import populations

    table = Table("bench", "protocol", "dataset", "seed", "version", "members", "in use", "drawn")
    with database(data_dir) as engine, Session(engine) as session:
        for row, described, in_use in populations.every(session):
            table.add_row(
                described.bench,
                described.name,
                described.dataset,
                str(described.seed),
                str(row.version),
                str(len(row.hashes)),
                "yes" if in_use else "",
                row.description,
            )
    print_whole(table)


@app.command()
def export(
    bench: Annotated[str, typer.Argument(help="As `GET /benches` names it.")],
    path: Annotated[Path, typer.Argument(help="The file to write, as the package carries it.")],
    protocol: Protocol = "fast",
    dataset: Dataset = "patches",
    seed: Seed = 0,
    data_dir: DataDir = None,
) -> None:
    """Write the population in use to a file, to ship it or to keep it."""
    from sqlalchemy.orm import Session

    from service.db import populations
    from service.ensembles import packed

    asked = (bench, protocol, dataset, seed)
    with database(data_dir) as engine, Session(engine) as session:
        for row, described, in_use in populations.every(session):
            named = (described.bench, described.name, described.dataset, described.seed)
            if in_use and named == asked:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(packed(described, populations.load(session, row)))
                typer.echo(f"{path}: version {row.version}, SHA-256 {row.sha256}")
                return
    typer.secho(f"There is no reference population of {bench} under {protocol}.", err=True)
    raise typer.Exit(1)
