"""nascore migrate"""

import typer


def command() -> None:
    """Bring the database to this version's tables and store the built-in minibatches."""
    from service.db.migrate import migrate
    from service.settings import settings

    migrate(settings().database_url)
    typer.echo("The database is ready.")
