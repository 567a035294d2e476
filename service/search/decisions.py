"""How a controller spells an architecture: one categorical decision after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.benches import BENCHES
from service.benches.bench import Architecture, InvalidSpellingError

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
    """Those of a bench, see `service.benches.Bench.decisions`."""
    return Decisions(
        BENCHES[bench].decisions.options, lambda made: _architecture(bench, tuple(made))
    )


@lru_cache(maxsize=REMEMBERED)
def _architecture(bench: str, made: tuple[int, ...]) -> Architecture | None:
    found = BENCHES[bench]
    try:
        return found.read(found.decisions.spell(made)).architecture
    except InvalidSpellingError:
        return None
