"""The progress of jobs in the terminal."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from service.client import Client

POLL_SECONDS = 0.5
"""How often the progress bar moves."""


def follow(client: "Client", jobs: Sequence[str], total: int) -> None:
    """Returns when nothing of jobs of so many architectures is queued or running any more."""
    if not jobs:
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=total)
        settled = 0
        for job in jobs:
            while True:
                counts = client.job(job)["counts"]
                finished = settled + counts["done"] + counts["failed"]
                progress.update(task, completed=finished)
                if not counts["queued"] and not counts["running"]:
                    break
                time.sleep(POLL_SECONDS)
            settled = finished
