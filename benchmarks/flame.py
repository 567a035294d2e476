"""Sweeps one network again and again, for a sampling profiler to watch.

    pip install py-spy
    py-spy record --rate 200 --function --output docs/sweep-flame.svg -- python -m benchmarks.flame

The network is NB201's example under `full`, with all passes, on one thread, set up as a worker is.
"""

from typing import Annotated

import typer

from service.benches import BENCHES
from service.catalogue import MEASURED
from service.minibatch import draw, patches
from service.protocol import RECIPES, resolution
from service.workers import environment

BENCH = "nb201"
RECIPE = "full"


def main(
    sweeps: Annotated[int, typer.Option(min=1, help="How many; each takes half a second.")] = 40,
) -> None:
    """Computes all proxies `sweeps` times."""
    environment.prepare()
    from service.proxies import evaluate

    environment.make_deterministic()
    environment.keep_freed_memory()
    bench = BENCHES[BENCH]
    minibatch = draw(patches(), RECIPES[RECIPE].batch_size, resolution(BENCH, RECIPE))
    graph = bench.graph(bench.example, bench.skeletons[RECIPE], len(patches().classes))
    for _ in range(sweeps):
        evaluate(graph, minibatch.images, minibatch.labels, 0, list(MEASURED))


if __name__ == "__main__":
    typer.run(main)
