"""Drives a search: trains what it proposes, each architecture once, within a budget."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from service.benches.bench import Architecture
from service.search.space import Scores, Search

Train = Callable[[Architecture], float]
"""The accuracy of an architecture, larger being better: a look-up, or hours."""

IDLE_STEPS = 1_000
"""A search that proposes so often in a row what is trained already has nothing new to propose."""


class Trained(NamedTuple):
    """An architecture in the order of its training."""

    architecture: Architecture
    accuracy: float
    scored: int
    """Architectures that the search had asked the proxy of until then."""


class Asked:
    """Scores of which it is known how many architectures they were asked for, each once."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self._known: dict[str, float] = {}

    def __call__(self, architectures: Sequence[Architecture]) -> list[float]:
        unknown = {each.hash: each for each in architectures if each.hash not in self._known}
        if unknown:
            found = self._scores(list(unknown.values()))
            self._known.update(zip(unknown, found, strict=True))
        return [self._known[each.hash] for each in architectures]

    def __len__(self) -> int:
        return len(self._known)


def trained(search: Search, asked: Asked, train: Train, budget: int) -> Iterator[Trained]:
    """The first `budget` architectures that a search trains, one by one.

    `asked` are the scores that the search was given. What it proposes again is answered from
    memory and counts as no training. Ends early where the search does, or proposes nothing new.
    """
    known: dict[str, float] = {}
    idle = 0
    try:
        proposed = next(search)
        while len(known) < budget and idle < IDLE_STEPS:
            if proposed.hash in known:
                idle += 1
            else:
                idle = 0
                known[proposed.hash] = train(proposed)
                yield Trained(proposed, known[proposed.hash], len(asked))
                if len(known) == budget:
                    return
            proposed = search.send(known[proposed.hash])
    except StopIteration:
        return
    finally:
        search.close()
