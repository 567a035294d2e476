"""A job's progress in the terminal."""

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from service.client import Client

POLL_SECONDS = 0.5
"""How often the progress bar moves."""


def follow(client: "Client", job: str, total: int) -> None:
    """Returns when nothing of a job of so many architectures is queued or running any more."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=total)
        while True:
            counts = client.job(job)["counts"]
            progress.update(task, completed=counts["done"] + counts["failed"])
            if not counts["queued"] and not counts["running"]:
                return
            time.sleep(POLL_SECONDS)
