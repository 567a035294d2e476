"""nascore migrate"""

import typer

from service.db.migrate import migrate
from service.settings import settings


def command() -> None:
    """Bring the database to this version's tables and store the built-in minibatches."""
    migrate(settings().database_url)
    typer.echo("The database is ready.")
