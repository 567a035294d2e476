"""All 15,625 spellings of NB201 and the 5,260 networks that they spell."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import product
from random import Random
from typing import NamedTuple

from service.benches.edge_values import (
    EDGES,
    NONE,
    OPERATIONS,
    Cell,
    canonical_text,
    live,
    value_graph,
)

CELLS: tuple[Cell, ...] = tuple(product(range(len(OPERATIONS)), repeat=len(EDGES)))
"""Every cell; a cell's place here is its code, the base-5 number of its operations."""

SHUFFLE_SEED = 88
"""The benchmark's authors shuffled the cells with this seed: the order is the official index."""


class Class(NamedTuple):
    """One network: its hash and the codes of its spellings, the representative first."""

    hash: str
    codes: tuple[int, ...]


def code(cell: Cell) -> int:
    """The place of a cell in CELLS."""
    number = 0
    for operation in cell:
        number = number * len(OPERATIONS) + operation
    return number


@cache
def official_order() -> tuple[int, ...]:
    """The codes in the order of the official index (Dong and Yang 2020)."""
    codes = list(range(len(CELLS)))
    Random(SHUFFLE_SEED).shuffle(codes)  # noqa: S311 - the published order is this shuffle
    return tuple(codes)


@cache
def classes() -> tuple[Class, ...]:
    """The class of every code.

    The representative is the spelling with the fewest operations other than `none`, then the first
    in the official order; the other spellings follow in the official order.
    """
    texts: dict[Cell, str] = {}
    spellings: defaultdict[str, list[int]] = defaultdict(list)
    for number in official_order():
        cell = live(CELLS[number])
        if cell not in texts:
            texts[cell] = canonical_text(value_graph(cell))
        spellings[texts[cell]].append(number)
    by_code: dict[int, Class] = {}
    for text, codes in spellings.items():
        first = min(codes, key=_operations)
        rest = (number for number in codes if number != first)
        entry = Class(sha256(text.encode()).hexdigest()[:32], (first, *rest))
        by_code.update(dict.fromkeys(codes, entry))
    return tuple(by_code[number] for number in range(len(CELLS)))


def children(number: int) -> Iterator[int]:
    """The 24 codes that differ from a code in one edge's operation."""
    for place, operation in enumerate(reversed(CELLS[number])):
        weight = len(OPERATIONS) ** place
        for other in range(len(OPERATIONS)):
            if other != operation:
                yield number + (other - operation) * weight


def _operations(number: int) -> int:
    return sum(operation != NONE for operation in CELLS[number])
