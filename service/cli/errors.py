"""What goes wrong between the command line and the service, in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from service.client import Client

PATIENCE_SECONDS = 0.0
"""Who sits at a terminal is told at once, and tries again by themselves."""


@contextmanager
def connected(server: str, patience: float = PATIENCE_SECONDS) -> "Iterator[Client]":
    """A client; a refusal or an absent service ends the command with status 1 and its reason."""
    import httpx2

    from service.client import Client, ServiceError

    try:
        with Client(server, patience=patience) as client:
            yield client
    except ServiceError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    except httpx2.TransportError as error:
        typer.secho(f"No service at {server}: {error}. Start one with `nascore up`.", err=True)
        raise typer.Exit(1) from None
