"""How a controller spells an architecture: one categorical decision after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from service.benches import BENCHES
from service.benches.bench import Architecture, InvalidSpellingError, Spec
from service.benches.nb101_cell import MAX_VERTICES

REMEMBERED = 2**14
"""More than NB201 has spellings: a controller draws the same ones over and over, and reading one
takes a tenth of a millisecond."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The controller's view of a bench."""

    options: tuple[int, ...]
    """How many each decision has."""
    read: Callable[[Sequence[int]], Architecture | None]
    """The architecture of as many decisions; None where the bench refuses them."""


def decisions_of(bench: str) -> Decisions:
    """NB201: the operation of each edge. NB101: whether each pair of seven vertices is joined, then
    the operation of each of the five between input and output (Ying et al. 2019).
    """
    operations = BENCHES[bench].operations
    if bench == "nb201":
        return Decisions((len(operations),) * 6, lambda made: _nb201(operations, tuple(made)))
    pairs = tuple(combinations(range(MAX_VERTICES), 2))
    between = MAX_VERTICES - 2
    options = (2,) * len(pairs) + (len(operations),) * between
    return Decisions(options, lambda made: _nb101(operations, pairs, made))


@lru_cache(maxsize=REMEMBERED)
def _nb201(operations: Sequence[str], made: Sequence[int]) -> Architecture | None:
    return _read("nb201", {"ops": [operations[each] for each in made]})


def _nb101(
    operations: Sequence[str], pairs: Sequence[tuple[int, int]], made: Sequence[int]
) -> Architecture | None:
    matrix = [[0] * MAX_VERTICES for _ in range(MAX_VERTICES)]
    for (x, y), joined in zip(pairs, made, strict=False):
        matrix[x][y] = joined
    named = [operations[each] for each in made[len(pairs) :]]
    return _read("nb101", {"matrix": matrix, "ops": ["input", *named, "output"]})


def _read(bench: str, spec: Spec) -> Architecture | None:
    try:
        return BENCHES[bench].read(spec).architecture
    except InvalidSpellingError:
        return None
