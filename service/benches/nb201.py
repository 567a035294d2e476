"""NAS-Bench-201: cells of four nodes and six edges, five operations an edge."""

from itertools import product
from random import Random

from service.benches.edge_paths import vertices
from service.benches.edge_values import (
    EDGES,
    NONE,
    OPERATIONS,
    Cell,
    canonical_text,
    live,
    value_graph,
)
from service.benches.listed import Listing, other_choices
from service.benches.nb201_evidence import ENSEMBLES, FINDINGS
from service.benches.nb201_size import size
from service.benches.nb201_skeleton import SKELETONS, network
from service.benches.nb201_spelling import SLOTS, arch, parse

SHUFFLE_SEED = 88
"""The benchmark's authors shuffled the cells with this seed: the order is the official index."""


def official_order() -> tuple[Cell, ...]:
    """Every cell, in the order of the official index (Dong and Yang 2020)."""
    cells = list(product(range(len(OPERATIONS)), repeat=len(EDGES)))
    Random(SHUFFLE_SEED).shuffle(cells)  # noqa: S311 - the published order is this shuffle
    return tuple(cells)


LISTING = Listing(
    name="nb201",
    slots=SLOTS,
    codes=official_order(),
    parse=parse,
    spelled=arch,
    text=lambda cell: canonical_text(value_graph(cell)),
    rank=lambda cell: sum(operation != NONE for operation in cell),
    children=lambda cell: other_choices(cell, SLOTS),
    network=network,
    size=size,
    vertices=vertices,
    whole=lambda cell: live(cell) == cell,
)

BENCH = LISTING.bench(
    title="NAS-Bench-201",
    source="Dong and Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture "
    "Search, ICLR 2020",
    example="|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    classes=5260,
    skeletons=SKELETONS,
    width="channels",
    findings=FINDINGS,
    ensembles=ENSEMBLES,
    # Fixed before the scores existed that it is measured on, see docs/ensembles.md.
    default_ensemble="e5",
    # It trains twice: for the validation accuracy on half of the training images, the other half
    # being what that is measured on.
    trained_on={("cifar10", "test"): 50_000, ("cifar10", "validation"): 25_000},
    # Abdelfattah et al. 2021, section 4.1.
    relative_times={(16, 32): 1.0, (4, 8): 1 / 4, (8, 8): 1 / 4, (4, 16): 1 / 4, (8, 16): 1 / 3.3},
)
