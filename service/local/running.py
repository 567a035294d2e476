"""Finds the database of a service that runs on a data directory, from another process."""

from pathlib import Path

from service.local import postgres
from service.local.errors import LocalServerError

SOCKETS_LINE = 4
"""Of postmaster.pid, counted from 0: where PostgreSQL says which folder its socket is in."""


def running_database(data_dir: Path) -> str:
    """SQLAlchemy's URL of the embedded database that lives on `data_dir`.

    Not computed from the directory's name: the folder depends on the environment of the process
    that made it. Raises LocalServerError where no service has left its mark there, or where only
    another user may look; a mark that a killed service left shows when nobody answers.
    """
    try:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        return postgres.url(Path(lines[SOCKETS_LINE]))
    except PermissionError:
        raise LocalServerError(f"The service on {data_dir} is another user's.") from None
    except (OSError, IndexError):
        raise LocalServerError(
            f"No service runs on {data_dir}. Start it with `nascore up --data-dir {data_dir}`."
        ) from None
