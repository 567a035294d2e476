"""Trains as a worker would, keeping each epoch in a folder and going on from the last one there.

python -m tests.training.program FOLDER
"""

import sys
from pathlib import Path

from service.workers import environment

# Read as torch is imported.
environment.prepare()

from service.engine import initial_weights  # noqa: E402
from service.training.checkpoint import Checkpoint  # noqa: E402
from service.training.run import train  # noqa: E402
from tests.training.kept import RECIPE, SPLIT, graph, kept  # noqa: E402


def main(folder: Path) -> None:
    environment.make_deterministic()
    before = kept(folder)
    start = Checkpoint.from_bytes(before[max(before)]) if before else None
    network = graph()
    for epoch in train(network, initial_weights(network, 0), RECIPE, SPLIT, start):
        if epoch is not None:
            written = folder / "next"
            written.write_bytes(epoch.checkpoint.to_bytes())
            written.rename(folder / f"{epoch.number}.checkpoint")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
