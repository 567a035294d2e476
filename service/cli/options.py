"""Options that several commands share."""

from typing import Annotated

import typer

from service.settings import settings

Server = Annotated[
    str, typer.Option(default_factory=lambda: settings().server, help="The service's address.")
]
Protocol = Annotated[str, typer.Option(help="The protocol to score under.")]
Dataset = Annotated[str, typer.Option(help="Where the minibatch comes from.")]
Seed = Annotated[int, typer.Option(help="Of the initial weights.")]
