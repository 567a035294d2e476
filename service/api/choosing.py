"""Which of many scored architectures are the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest

from service.api.answers import NO_POPULATION
from service.db.scores import Scored


@dataclass(slots=True)
class Choice:
    """The best, and what there was to choose from."""

    best: list[tuple[str, float]] = field(default_factory=list)
    """Hash and score, best first; equal scores by hash."""
    undefined: int = 0
    failed: int = 0
    waiting: int = 0
    why_undefined: set[str] = field(default_factory=set)

    def ranked(self) -> Iterator[tuple[int, str, float]]:
        """Rank, hash and score; equal scores share a rank."""
        rank, last = 0, None
        for position, (digest, score) in enumerate(self.best, 1):
            if score != last:
                rank, last = position, score
            yield rank, digest, score


def choose(
    known: Mapping[str, Scored], proxies: Sequence[str], name: str, k: int, *, larger: bool
) -> Choice:
    """The best `k` by the proxy or ensemble `name`, which `proxies` has with its members."""
    found = Choice()
    scored: list[tuple[float, str]] = []
    sign = -1 if larger else 1
    for digest, each in known.items():
        if (score := each.values.get(name)) is not None:
            scored.append((sign * score, digest))
        elif name in each.undefined:
            found.undefined += 1
            found.why_undefined.add(each.undefined[name])
        elif each.failed(proxies):
            found.failed += 1
        elif each.awaited(proxies):
            found.waiting += 1
        else:
            # An ensemble has its score in the moment in which its members have theirs, or never.
            found.undefined += 1
            found.why_undefined.add(NO_POPULATION)
    found.best = [(digest, sign * value) for value, digest in nsmallest(k, scored)]
    return found
