"""The `nascore` command, one file a command.

A command imports what it needs when it runs: the API would start half a second later with the
migrations, the supervisor and the client loaded beside it.
"""

import typer

from service.cli import (
    accuracies,
    api,
    audit,
    datasets,
    ensembles,
    evidence,
    migrate,
    rank,
    reference,
    score,
    search,
    up,
    worker,
)

app = typer.Typer(
    name="nascore",
    help="Scores neural architectures before anyone trains them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for module in (up, api, worker, migrate, audit, score, rank, evidence, search):
    app.command(name=module.__name__.rsplit(".", 1)[1])(module.command)
for group in (datasets, accuracies, ensembles, reference):
    app.add_typer(group.app)

__all__ = ["app"]
