"""Aging evolution (Real et al. 2019), with the warm-up and the moves of Abdelfattah et al. 2021."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.benches.bench import Architecture
from service.search.draws import Draw, choice, chosen, fraction, named
from service.search.space import Scores, Search, Space
from service.search.warmup import candidates, ranked

POOL = 64
TOURNAMENT = 10
"""Both as in Abdelfattah et al. 2021."""

BEST_CHILD = 0.75
"""How often a move takes the best child, as there; else a random one."""


class Member(NamedTuple):
    """Of the pool."""

    accuracy: float
    architecture: Architecture


def evolution(
    space: Space, scores: Scores, seed: int, *, warmup: int = 0, moves: int = 0
) -> Search:
    """The pool begins with random architectures, or with the best of a warm-up. From then on the
    best of a tournament has a child, and the oldest of the pool dies.

    A child is one random edit away. With moves it is, in three of four times, the one with the best
    score of so many that are not trained yet, or of all of them. It never ends by itself.
    """
    draw = named(f"search/evolution/{seed}")
    pool: deque[Member] = deque(maxlen=POOL)
    trained: set[str] = set()
    for architecture in _first(space, scores, draw, warmup):
        trained.add(architecture.hash)
        pool.append(Member((yield architecture), architecture))
    while True:
        tournament = chosen(draw, pool, TOURNAMENT)
        parent = max(tournament, key=lambda member: member.accuracy).architecture
        child = _child(space, draw, parent)
        if moves and fraction(draw) < BEST_CHILD:
            new = [each for each in space.neighbours(parent) if each.hash not in trained]
            child = next(iter(ranked(_some(draw, new, moves), scores)), child)
        trained.add(child.hash)
        pool.append(Member((yield child), child))


def _first(space: Space, scores: Scores, draw: Draw, warmup: int) -> Iterator[Architecture]:
    best = ranked(candidates(space, draw, warmup), scores)[:POOL] if warmup else []
    yield from best
    yield from space.sample(POOL - len(best), draw)


def _child(space: Space, draw: Draw, parent: Architecture) -> Architecture:
    children = space.neighbours(parent)
    # Of a table that is a sample of its bench, most architectures have no neighbour in it.
    return choice(draw, children) if children else space.sample(1, draw)[0]


def _some(draw: Draw, of: Sequence[Architecture], n: int) -> Sequence[Architecture]:
    return of if n >= len(of) else chosen(draw, of, n)
