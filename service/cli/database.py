"""The database, for the commands that work on it without the service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

DEFAULT_DATA_DIR = Path(".nascore")

HINT = (
    "Name the data directory of a running `nascore up` with --data-dir, or a database with "
    "NASCORE_DATABASE_URL."
)

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="The data directory of a running `nascore up`. By default the database is the one "
        "that NASCORE_DATABASE_URL names; where that is not set, of the service on .nascore."
    ),
]


@contextmanager
def database(data_dir: Path | None) -> "Iterator[Engine]":
    """An engine; a database that is away, or not migrated, ends the command with status 1."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

    from service.local import LocalServerError

    try:
        address = make_url(_address(data_dir))
        engine = create_engine(address)
    except LocalServerError as error:
        raise _failed(str(error)) from None
    except ArgumentError:
        raise _failed("NASCORE_DATABASE_URL is not the address of a database.") from None
    try:
        yield engine
    except OperationalError as error:
        shown = address.render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        # One that answers says what it lacks by a code of its own.
        if getattr(error.orig, "sqlstate", None) is not None:
            raise _failed(f"The database at {shown} failed: {reason}.") from None
        raise _failed(f"No database at {shown}: {reason}. {HINT}") from None
    except ProgrammingError:
        raise _failed(
            "The database has not the tables of this version: run `nascore migrate`."
        ) from None
    finally:
        engine.dispose()


def _address(data_dir: Path | None) -> str:
    from service.local import running_database

    if data_dir is not None:
        return running_database(data_dir)
    if "NASCORE_DATABASE_URL" not in os.environ and DEFAULT_DATA_DIR.is_dir():
        return running_database(DEFAULT_DATA_DIR)
    return settings().database_url


def _failed(reason: str) -> typer.Exit:
    typer.secho(reason, err=True, fg="red")
    return typer.Exit(1)
