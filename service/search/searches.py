"""The searches by name, and what each of them can be given."""

import sys
from typing import Literal, get_args

from service.search.evolution import evolution
from service.search.random_search import random_search
from service.search.reinforce import reinforce
from service.search.space import Scores, Search, Space

Algorithm = Literal["random", "evolution", "reinforce", "predictor"]

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

ALL_CHILDREN = sys.maxsize
"""Moves of evolution that score every child."""


class RefusedError(ValueError):
    """The search cannot be given this: which `field`, why, and what would be valid."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def check(algorithm: Algorithm, space: Space, warmup: int | None, moves: int | None) -> None:
    """Raises RefusedError; None is `all`."""
    if moves != 0 and algorithm not in ("evolution", "reinforce"):
        raise RefusedError("moves", f"{algorithm} has no moves; evolution and reinforce have")
    if moves is None and algorithm == "reinforce":
        raise RefusedError("moves", "the controller draws as many as you say: give a number")
    if warmup is None and algorithm == "reinforce":
        raise RefusedError("warmup", "the controller draws as many as you say: give a number")
    if warmup is None and space.everything is None:
        raise RefusedError("warmup", "the bench has too many architectures: give a number")


def on_one_thread(algorithm: Algorithm) -> None:
    """Once a process, before the first search: torch's bits depend on the number of its threads."""
    if algorithm == "predictor":
        import torch

        torch.set_num_threads(1)


def searched(
    algorithm: Algorithm,
    space: Space,
    scores: Scores,
    seed: int,
    *,
    warmup: int | None = 0,
    moves: int | None = 0,
) -> Search:
    """The search of this name; None is `all`. Raises RefusedError."""
    check(algorithm, space, warmup, moves)
    first = len(space.everything or ()) if warmup is None else warmup
    match algorithm:
        case "random":
            return random_search(space, scores, seed, warmup=first)
        case "evolution":
            some = ALL_CHILDREN if moves is None else moves
            return evolution(space, scores, seed, warmup=first, moves=some)
        case "reinforce":
            return reinforce(space, scores, seed, warmup=first, moves=moves or 0)
        case "predictor":
            # Only it needs torch.
            from service.search.predictor import predictor_search

            return predictor_search(space, scores, seed, warmup=first)
