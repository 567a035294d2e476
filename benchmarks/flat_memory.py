"""Whether a worker's memory stays flat: `python -m benchmarks.flat_memory`.

Evaluates random networks of NB201 under `fast`, all proxies of each, in one process set up as a
worker is, and prints how much memory is resident. Ends with a failure where it grows after the
first tenth: by then the largest networks have been met.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.machine import this_machine
from service.benches import BENCHES
from service.workers import environment

# Read as torch is imported.
environment.prepare()

from service.catalogue import CATALOGUE  # noqa: E402
from service.db.evaluations import Claimed  # noqa: E402
from service.minibatch import PATCHES, draw, patches  # noqa: E402
from service.protocol import RECIPES, protocol, resolution  # noqa: E402
from service.settings import Settings  # noqa: E402
from service.workers.evaluation import Setting, compute  # noqa: E402
from service.workers.memory import allowed_bytes  # noqa: E402

BENCH = "nb201"
RECIPE = "fast"
GROWTH_LIMIT_BYTES = 8 * 2**20
"""Of a process of hundreds of megabytes: fragments, and a network larger than those before. A leak
of 1 KB a network would pass it."""


def main(
    architectures: Annotated[int, typer.Option(min=100, help="Evaluated one by one.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 1,
) -> None:
    """Evaluates networks for as long as it takes, and watches the process."""
    environment.make_deterministic()
    environment.keep_freed_memory()
    setting = _setting()
    allowed = allowed_bytes(Settings(), "cpu", workers=1)
    step = architectures // 10
    table = Table("networks", "resident, MB")
    found = []
    # Printed as it comes: the whole takes minutes.
    print(this_machine(), flush=True)
    for number, reading in enumerate(BENCHES[BENCH].sample(architectures, seed), 1):
        made = reading.architecture
        claimed = Claimed(
            id=number,
            architecture_id=number,
            hash=made.hash,
            bench=BENCH,
            spec=made.spec,
            proxies=list(CATALOGUE),
            protocol_id=1,
            request_id="flat-memory",
        )
        compute(setting, claimed, "cpu", allowed)
        if number % step == 0:
            found.append(_resident_bytes())
            table.add_row(f"{number:,}", f"{found[-1] / 1e6:.1f}")
    Console().print(table)
    growth = max(found) - found[0]
    print(f"grown by {growth / 1e6:.1f} MB after the first {step:,}")
    if growth > GROWTH_LIMIT_BYTES:
        sys.exit(1)


def _setting() -> Setting:
    images = patches()
    minibatch = draw(images, RECIPES[RECIPE].batch_size, resolution(BENCH, RECIPE))
    described = protocol(BENCH, RECIPE, PATCHES, len(images.classes), minibatch.sha256, 0)
    return Setting(described, minibatch)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    typer.run(main)
