"""What the networks of the benches take of memory, estimated: `python -m benchmarks.memory`.

All proxies, and `nwot` alone, of random networks under each protocol; nothing is computed.
"""

from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.benches import BENCHES
from service.catalogue import MEASURED
from service.engine.memory import peak_bytes
from service.protocol import RECIPES
from service.proxies.evaluate import passes_for

ASKED = {"all": list(MEASURED), "`nwot` alone": ["nwot"]}


def main(
    architectures: Annotated[int, typer.Option(min=1, help="Networks of each bench.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 1,
) -> None:
    """Prints the median and the largest of a sample."""
    table = Table("bench", "protocol", "proxies", "median, MB", "largest, MB")
    for bench in BENCHES.values():
        specs = [reading.architecture.spec for reading in bench.sample(architectures, seed)]
        for recipe in RECIPES.values():
            graphs = [bench.graph(spec, bench.skeletons[recipe.name], 10) for spec in specs]
            for asked, proxies in ASKED.items():
                peaks = [
                    peak_bytes(graph, recipe.batch_size, passes_for(graph, proxies)) / 1e6
                    for graph in graphs
                ]
                table.add_row(
                    bench.name, recipe.name, asked, f"{median(peaks):,.0f}", f"{max(peaks):,.0f}"
                )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
