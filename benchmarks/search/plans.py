"""Which searches are run."""

from collections.abc import Iterator
from typing import NamedTuple

from service.search.searches import Algorithm


class Plan(NamedTuple):
    """A search as it is run with many seeds."""

    algorithm: Algorithm
    warmup: int | None
    moves: int | None
    proxy: str | None

    @property
    def given(self) -> str:
        """`w3000`, `wall`, `m100`, `w3000 mall`; nothing for the plain one."""
        parts = [("w", self.warmup), ("m", self.moves)]
        return " ".join(f"{letter}{'all' if n is None else n}" for letter, n in parts if n != 0)


PROXIES = {
    "nb201": ("synflow", "vote", "e5", "e5_paths"),
    "nb101": ("synflow", "vote", "az3"),
}
"""The paper's choice, the paper's ensemble, the bench's default one; and on NB201 one of whose
members one was chosen with labels."""

DEFAULT = {"nb201": "e5", "nb101": "az3"}

_LARGE_WARMUP = 512

_GIVEN: dict[Algorithm, tuple[tuple[int | None, int | None], ...]] = {
    "random": ((3_000, 0), (None, 0)),
    "reinforce": ((0, 10), (0, 100), (3_000, 0)),
    "evolution": ((0, None), (3_000, 0), (3_000, None)),
    "predictor": ((256, 0), (_LARGE_WARMUP, 0)),
}


def plans(bench: str, dataset: str) -> Iterator[Plan]:
    """Plain ones first. Of NB101 random search and the predictor alone: its table is a sample, in
    which hardly any neighbour of an architecture stands.

    The predictor, a minute a search, where others take a second: by scores that know nothing of
    labels, and with the smaller warm-up only where the paper has it beside the larger one.
    """
    algorithms: tuple[Algorithm, ...] = ("random", "reinforce", "evolution", "predictor")
    if bench == "nb101":
        algorithms = ("random", "predictor")
    for algorithm in algorithms:
        yield Plan(algorithm, 0, 0, None)
        for warmup, moves in _GIVEN[algorithm]:
            for proxy in PROXIES[bench]:
                plan = Plan(algorithm, warmup, moves, proxy)
                if algorithm != "predictor" or _is_worth_hours(plan, dataset):
                    yield plan


def _is_worth_hours(plan: Plan, dataset: str) -> bool:
    if plan.warmup == _LARGE_WARMUP:
        return plan.proxy != "e5_paths"
    return dataset == "cifar100" and plan.proxy in ("synflow", "e5")
