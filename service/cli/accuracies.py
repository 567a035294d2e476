"""nascore accuracies"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.database import DataDir, database
from service.cli.tables import print_whole
from service.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from service.accuracies import Facts, Intake
    from service.accuracies.tables import Table as Published

app = typer.Typer(
    name="accuracies",
    help="Trained accuracies, and scores by other tools.",
    no_args_is_help=True,
)

PIECE = 2**20
"""Bytes of a file read at a time."""


@app.command("import")
def import_them(
    file: Annotated[Path, typer.Argument(help="A CSV file, which may be packed with gzip.")],
    bench: Annotated[str | None, typer.Option(help="As `GET /benches` names it.")] = None,
    dataset: Annotated[str | None, typer.Option(help="What was trained on.")] = None,
    split: Annotated[str | None, typer.Option(help="validation or test")] = None,
    epochs: Annotated[int | None, typer.Option(help="Of training.")] = None,
    source: Annotated[str | None, typer.Option(help="Who measured it.")] = None,
    metric: Annotated[str | None, typer.Option(help="By default top1_percent.")] = None,
    name: Annotated[str | None, typer.Option(help="By default DATASET-SPLIT-EPOCHSep.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="FIELD=COLUMN, where a field of the spelling, value or seed stands under another "
            "name; the other columns are then left aside. May be given several times."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Store a table: a published one as it is, any other with what describes it."""
    from service.accuracies import TableError, files, tables

    said = {
        "bench": bench,
        "dataset": dataset,
        "split": split,
        "epochs": epochs,
        "source": source,
        "metric": metric,
        "name": name,
    }
    said = {field: value for field, value in said.items() if value is not None}
    with ExitStack() as spools:
        try:
            table = None if said or column else tables.known(files.first(file))
            if table is not None:
                typer.echo(f"{file.name}: {table.title}.")
                found = _published(table, file)
            else:
                found = [_described(file, said, column)]
        except TableError as error:
            raise _failed(str(error)) from None
        for _, intake in found:
            spools.callback(intake.close)
        for facts, intake in found:
            _check(facts, intake)
        if not any(intake.values for _, intake in found):
            raise _failed(f"{file.name} has no row with a value; nothing was written.")
        with database(data_dir) as engine:
            _write(engine, [(facts, intake) for facts, intake in found if intake.values])


@app.command("list")
def list_them(
    bench: Annotated[str | None, typer.Option(help="All by default.")] = None,
    data_dir: DataDir = None,
) -> None:
    """List the series that are stored."""
    from sqlalchemy.orm import Session

    from service.benches import BENCHES
    from service.db import accuracies

    table = Table("bench", "series", "kind", "metric", "values", "architectures", "source")
    with database(data_dir) as engine, Session(engine) as session:
        for each in BENCHES if bench is None else [bench]:
            for row in accuracies.of_bench(session, each):
                counts = map(str, (row.value_count, row.architecture_count))
                table.add_row(each, row.name, row.kind, row.metric, *counts, row.source)
    print_whole(table)


@app.command()
def remove(
    bench: Annotated[str, typer.Argument(help="As `GET /benches` names it.")],
    series: Annotated[str, typer.Argument(help="Its name.")],
    data_dir: DataDir = None,
) -> None:
    """Remove a series with its values and its correlations, some values at a time."""
    from sqlalchemy.orm import Session

    from service.db import accuracy_writes

    count = 0
    with database(data_dir) as engine:
        while True:
            with Session(engine) as session, session.begin():
                removed = accuracy_writes.remove(session, bench, series)
            if removed is None:
                raise _failed(f"There is no series {series} of {bench}.")
            if not removed:
                break
            count += removed
    typer.echo(f"{series} is removed, with {count} values.")


def _published(table: "Published", file: Path) -> "list[tuple[Facts, Intake]]":
    from service.accuracies import files, tables

    with files.lines(file) as lines:
        return list(tables.read(table, lines, settings().accuracies_limit).values())


def _described(
    file: Path, said: Mapping[str, object], column: list[str] | None
) -> "tuple[Facts, Intake]":
    from pydantic import ValidationError

    from service.accuracies import Intake, Speller, TableError, files
    from service.accuracies.csv_rows import CsvRows
    from service.api.schemas.accuracies import Described
    from service.benches import BENCHES

    try:
        facts = Described.model_validate(said).facts()
    except ValidationError as error:
        faults = [f"--{'/'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors()]
        raise _failed(f"{file.name} is not a table that is known. {'; '.join(faults)}") from None
    if facts.bench not in BENCHES:
        raise TableError("--bench", f"there is no {facts.bench}", f"one of {', '.join(BENCHES)}")
    bench = BENCHES[facts.bench]
    intake = Intake(Speller(bench), settings().accuracies_limit, facts.span)
    rows = CsvRows(bench, intake, _columns(column))
    with files.opened(file) as pieces:
        while piece := pieces.read(PIECE):
            rows.feed(piece)
        rows.feed(b"", last=True)
    return facts, intake


def _columns(column: list[str] | None) -> dict[str, str] | None:
    if not column:
        return None
    pairs = [each.partition("=") for each in column]
    if not all(field and name for field, _, name in pairs):
        raise typer.BadParameter("--column takes FIELD=COLUMN, such as value=test_accuracy")
    return {field: name for field, _, name in pairs}


def _check(facts: "Facts", intake: "Intake") -> None:
    """Ends the command where rows are bad."""
    bad, count = intake.bad()
    if bad:
        for row in bad:
            typer.echo(f"row {row.row}, {row.field}: {row.reason}; {row.valid}", err=True)
        raise _failed(f"{facts.name}: {count} of {intake.rows} rows are bad; nothing was written.")


def _write(engine: "Engine", found: "list[tuple[Facts, Intake]]") -> None:
    """As the service does it: the architectures; then all series, or none; then their places."""
    from sqlalchemy.orm import Session

    from service.db import accuracy_writes, architectures, known

    try:
        stored: set[tuple[str, str]] = set()
        for facts, intake in found:
            for part in intake.parts():
                specs = {r.hash: r.spec for r in part if (facts.bench, r.hash) not in stored}
                if specs:
                    with Session(engine) as session, session.begin():
                        architectures.store_texts(session, facts.bench, specs)
                    stored |= {(facts.bench, digest) for digest in specs}
        with Session(engine) as session, session.begin():
            # In one order everywhere, so that two imports never wait for each other in a circle.
            for facts, intake in sorted(found, key=lambda each: (each[0].bench, each[0].name)):
                written = accuracy_writes.write(session, facts, intake.parts())
                typer.echo(
                    f"{facts.name}: {intake.values} values, {written.added} new, "
                    f"{written.changed} changed."
                )
    except accuracy_writes.OtherSeriesError as error:
        raise _failed(f"{error}: give another --name. Nothing was written.") from None
    for bench in sorted({facts.bench for facts, _ in found}):
        placed = True
        while placed:
            with Session(engine) as session, session.begin():
                placed = bool(known.place(session, bench))


def _failed(reason: str) -> typer.Exit:
    typer.secho(reason, err=True, fg="red")
    return typer.Exit(1)
