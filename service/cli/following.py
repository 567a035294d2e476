"""The progress of jobs in the terminal."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from service.client import Client
    from service.client.answers import Job

POLL_SECONDS = 0.5
"""How often the progress bar moves."""


def follow(client: "Client", jobs: Sequence[str], total: int) -> None:
    """Returns when nothing of jobs of so many architectures is queued or running any more."""
    if not jobs:
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=total)
        settled = 0.0
        for job in jobs:
            while True:
                shown = client.job(job)
                counts = shown["counts"]
                progress.update(task, completed=settled + _finished(shown))
                if not counts["queued"] and not counts["running"]:
                    break
                time.sleep(POLL_SECONDS)
            settled += counts["done"] + counts["failed"]


def _finished(job: "Job") -> float:
    """Of a job's architectures, those that are being trained by their epochs."""
    counts, epochs = job["counts"], job["epochs"]
    if epochs is None:
        return counts["done"] + counts["failed"]
    training = job["protocol"]["training"]
    return epochs["done"] / (1 if training is None else training["epochs"])
