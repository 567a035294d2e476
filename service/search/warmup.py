"""Warm-up: what a search begins with, ordered by a proxy before anything is trained."""

from collections.abc import Iterable, Sequence

from service.benches.bench import Architecture
from service.search.draws import Draw
from service.search.space import Scores, Space


def candidates(space: Space, draw: Draw, n: int) -> list[Architecture]:
    """n sampled architectures, each once; all of the space where it has no more than n."""
    if space.everything is not None and n >= len(space.everything):
        return list(space.everything)
    return unlike(space.sample(n, draw))


def ranked(candidates: Sequence[Architecture], scores: Scores) -> list[Architecture]:
    """Best score first; among equals the smaller hash."""
    found = zip(scores(candidates), candidates, strict=True)
    return [each for _, each in sorted(found, key=lambda pair: (-pair[0], pair[1].hash))]


def unlike(architectures: Iterable[Architecture]) -> list[Architecture]:
    """Each once, in the order of its first appearance."""
    return list({each.hash: each for each in architectures}.values())
