"""What a search needs of a bench, and what it is: the one interface of all of them.

An architecture is a class of spellings, as everywhere: a network is trained once, however it was
spelt when it was drawn.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from service.benches import BENCHES
from service.benches.bench import Architecture, Bench, Spec
from service.search.decisions import Decisions, decisions_of
from service.search.draws import Draw, choice

Scores = Callable[[Sequence[Architecture]], Sequence[float]]
"""The proxy of each of a batch, larger being better; -inf where it is undefined."""

Search = Generator[Architecture, float, None]
"""Yields the architecture to train and is sent its accuracy, larger being better.

A search may yield an architecture again: whoever drives it sends what is known, and trains nothing
twice. It ends where it has nothing left to propose.
"""

_SEEDS = 2**63


@dataclass(frozen=True, slots=True)
class Space:
    """The architectures that a search may propose."""

    bench: Bench
    sample: Callable[[int, Draw], Sequence[Architecture]]
    """`sample(n, draw)`: n random ones, with replacement."""
    everything: Sequence[Architecture] | None
    """All of them, sorted by hash; None where they are too many to list."""
    neighbours: Callable[[Architecture], Sequence[Architecture]]
    """Those one edit away, sorted by hash."""
    decisions: Decisions
    """How a controller spells one."""
    holds: Callable[[Architecture], bool]
    """Whether an architecture of the bench is one of them."""


def of_bench(name: str) -> Space:
    """All architectures of a bench. A sample is uniform over valid spellings, as the bench's is."""
    bench = BENCHES[name]

    def sample(n: int, draw: Draw) -> list[Architecture]:
        return [reading.architecture for reading in bench.sample(n, draw(_SEEDS))]

    everything = bench.everything
    return Space(
        bench=bench,
        sample=sample,
        everything=everything and [reading.architecture for reading in everything()],
        neighbours=_remembered(bench.neighbours),
        decisions=decisions_of(name),
        holds=lambda _: True,
    )


def of_table(name: str, known: Mapping[str, Architecture]) -> Space:
    """The architectures of a table alone, by hash: a sample is uniform over them, and an edit that
    leaves the table is no edit.
    """
    bench = BENCHES[name]
    everything = [known[key] for key in sorted(known)]
    return Space(
        bench=bench,
        sample=lambda n, draw: [choice(draw, everything) for _ in range(n)],
        everything=everything,
        neighbours=_remembered(
            lambda spec: [each for each in bench.neighbours(spec) if each.hash in known]
        ),
        decisions=decisions_of(name),
        holds=lambda architecture: architecture.hash in known,
    )


def _remembered(
    neighbours: Callable[[Spec], Sequence[Architecture]],
) -> Callable[[Architecture], Sequence[Architecture]]:
    """Some classes have hundreds, that take milliseconds; a parent has many children."""
    known: dict[str, Sequence[Architecture]] = {}

    def found(architecture: Architecture) -> Sequence[Architecture]:
        if architecture.hash not in known:
            known[architecture.hash] = neighbours(architecture.spec)
        return known[architecture.hash]

    return found
