"""The search spaces: adding one is a file here and a line in the list below.

`bench` says what a bench is. `listed` makes one of what is particular to a space that is small
enough to be listed, `arch_or_ops` reads its spellings, and `edge_values`, `edge_network` and
`edge_paths` are for cells of four nodes. `structure` and `drawing` are of the cells of any bench,
`draws` draws for all of them, `quoting` shows what they refuse.
"""

from service.benches import nb101, nb201, nb_macro, transnas_macro, transnas_micro
from service.benches.bench import (
    Architecture,
    Bench,
    Decisions,
    Direction,
    Finding,
    InvalidSpellingError,
    Reading,
    Size,
    Skeleton,
    Slot,
    Spec,
)

BENCHES: dict[str, Bench] = {
    bench.name: bench
    for bench in (
        nb101.BENCH,
        nb201.BENCH,
        nb_macro.BENCH,
        transnas_micro.BENCH,
        transnas_macro.BENCH,
    )
}

__all__ = [
    "BENCHES",
    "Architecture",
    "Bench",
    "Decisions",
    "Direction",
    "Finding",
    "InvalidSpellingError",
    "Reading",
    "Size",
    "Skeleton",
    "Slot",
    "Spec",
]
