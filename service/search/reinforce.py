"""REINFORCE (Williams 1992), with the warm-up and the moves of Abdelfattah et al. 2021.

Their controller is not public. This one is that of NATS-Bench (Dong et al. 2021): independent
decisions, no recurrent network.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Sequence

from service.benches.bench import Architecture
from service.search.controller import Controller, sampler
from service.search.draws import Draw, named
from service.search.space import Scores, Search, Space

BATCH = 10
"""Architectures of a warm-up for one step of the controller. Of 3,000 on NB201 one each leaves a
controller that draws the same few for ever, a hundred each one that has hardly learnt."""

REFUSED = 1_000
"""Drawings in a row of which none is new and of the space, after which a controller has nothing to
propose. Of NB101's random matrices every third is a cell."""

Drawn = tuple[list[int], Architecture]
"""Decisions, and what they spell."""


def reinforce(
    space: Space, scores: Scores, seed: int, *, warmup: int = 0, moves: int = 0
) -> Search:
    """The controller is rewarded with accuracies; before them, with a warm-up, for so many
    architectures with the share of those scored so far that have no better score.

    What was trained is drawn again. With moves, of so many drawn the one with the best score is
    trained. Ends where the controller draws nothing new of the space any more.
    """
    draw = named(f"search/reinforce/{seed}")
    controller = Controller(space.decisions.options)
    seen: list[float] = []
    for start in range(0, warmup, BATCH):
        found = _drawn(space, controller, draw, min(BATCH, warmup - start))
        if not found:
            return
        values = scores([architecture for _, architecture in found])
        for value in values:
            insort(seen, value)
        controller.reward([made for made, _ in found], [_share(seen, each) for each in values])
    controller.forget_rewards()
    trained: set[str] = set()
    while found := _drawn(space, controller, draw, max(1, moves), trained):
        made, architecture = _best(found, scores) if moves else found[0]
        trained.add(architecture.hash)
        controller.reward([made], [(yield architecture)])


def _drawn(
    space: Space, controller: Controller, draw: Draw, n: int, trained: Collection[str] = ()
) -> list[Drawn]:
    """n of them, one perhaps several times; fewer where too many in a row are refused."""
    found: list[Drawn] = []
    refused = 0
    sampled = sampler(controller.z)
    while len(found) < n and refused < REFUSED:
        made = sampled(draw)
        architecture = space.decisions.read(made)
        if architecture is None or not space.holds(architecture) or architecture.hash in trained:
            refused += 1
        else:
            refused = 0
            found.append((made, architecture))
    return found


def _best(found: Sequence[Drawn], scores: Scores) -> Drawn:
    """Among equals the first drawn."""
    values = scores([architecture for _, architecture in found])
    return found[max(range(len(found)), key=values.__getitem__)]


def _share(seen: Sequence[float], score: float) -> float:
    """Of those seen, how many the score beats, a tie being half."""
    return (bisect_left(seen, score) + bisect_right(seen, score)) / (2 * len(seen))
