"""A search that is written down as it goes, and goes on from what is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.benches.bench import Architecture
from service.search.log import Log, Record
from service.search.run import Asked, Train, trained
from service.search.space import Search


@dataclass(frozen=True, slots=True)
class ProxyCost:
    """Of one score."""

    minibatches: int | None
    """None where it is not known."""
    seconds: float | None
    """None where nobody has timed it."""


def logged(
    log: Log,
    seed: int,
    search: Search,
    asked: Asked,
    train: Train,
    judge: Callable[[Architecture], float | None],
    cost: ProxyCost,
    budget: int,
) -> Iterator[Record]:
    """What the search trains, from its beginning; the log has each of them before it is yielded.

    `judge` gives the test accuracy of an architecture, where there is one. Raises LogError where
    the log is that of another trajectory. A search that ends before its budget is logged as such.
    """
    known = log.of_seed(seed)
    incumbent: tuple[str, float] | None = None
    n = 0
    found = trained(search, asked, log.resumed(seed, train), budget)
    for n, (architecture, accuracy, scored) in enumerate(found, 1):
        if incumbent is None or accuracy > incumbent[1]:
            incumbent = (architecture.hash, accuracy)
        record = Record(
            seed=seed,
            n=n,
            hash=architecture.hash,
            spec=architecture.spec,
            accuracy=accuracy,
            test=judge(architecture),
            scored=scored,
            minibatches=None if cost.minibatches is None else scored * cost.minibatches,
            seconds=None if cost.seconds is None else scored * cost.seconds,
            incumbent=incumbent[0],
        )
        if n > len(known):
            log.add(record)
        yield record
    if n < budget:
        log.end(seed, n)
