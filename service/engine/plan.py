"""What a sweep runs of a graph, in order, and who reads what."""

from collections import Counter
from dataclasses import dataclass

from service.engine.rules import RULES
from service.graph import (
    Add,
    Convolution,
    Graph,
    Input,
    Linear,
    Operation,
    ReLU,
    Zero,
    reading,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that runs."""

    index: int
    """In the graph, and so of its value."""
    operation: Operation
    sources: tuple[int, ...]
    """The values that it reads: what stands for the operation's own sources."""
    copies: int
    """How many operations of the graph it stands for."""
    finished: tuple[int, ...]
    """The values that no later step reads."""
    spare_source: int | None
    """The place among the sources of a value that is finished and that no rule keeps.

    Not of a sum with motions: what it sums is read again to give them one degree.
    """
    depends_on_weights: bool
    """So that a loss's cotangent of its value is wanted."""
    depends_on_input: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps after the input, in order."""

    steps: tuple[Step, ...]
    output: int
    """The value that is the network's output."""


def plan(graph: Graph, *, dead_ends: bool, moving: bool) -> Plan:
    """What must run for the output and, with `dead_ends`, for every ReLU.

    Of operations that do the same to the same values without weights of their own, one runs.
    `moving` says that values will have motions.
    """
    operations, copies, output = _merged(graph)
    wanted = {output}
    if dead_ends:
        wanted.update(i for i, operation in operations.items() if isinstance(operation, ReLU))
    for index, operation in reversed(operations.items()):
        if index in wanted:
            wanted.update(operation.sources)
    running = {i: operation for i, operation in operations.items() if i in wanted}
    finished = _finished(running, output)
    kept = _kept(running)
    weights = _reached(running, (Convolution, Linear))
    images = _reached(running, (Input,))
    steps = tuple(
        Step(
            index=index,
            operation=operation,
            sources=operation.sources,
            copies=copies[index],
            finished=finished[index],
            spare_source=_spare(operation, finished[index], kept, moving),
            depends_on_weights=weights[index],
            depends_on_input=images[index],
        )
        for index, operation in running.items()
        if not isinstance(operation, Input)
    )
    return Plan(steps, output)


def _merged(graph: Graph) -> tuple[dict[int, Operation], Counter[int], int]:
    """The distinct operations by index, how many each stands for, and the index of the last."""
    standing: list[int] = []
    first: dict[Operation, int] = {}
    for index, operation in enumerate(graph.operations):
        sources = tuple(standing[source] for source in operation.sources)
        standing.append(first.setdefault(reading(operation, sources), index))
    return {index: operation for operation, index in first.items()}, Counter(standing), standing[-1]


def _finished(running: dict[int, Operation], output: int) -> dict[int, tuple[int, ...]]:
    last = {index: index for index in running}
    for index, operation in running.items():
        last.update(dict.fromkeys(operation.sources, index))
    finished: dict[int, list[int]] = {index: [] for index in running}
    for source, index in last.items():
        if source != output:
            finished[index].append(source)
    return {index: tuple(sources) for index, sources in finished.items()}


def _kept(running: dict[int, Operation]) -> set[int]:
    """The values that a rule keeps for the reverse, or that lie in one that it keeps."""
    kept: set[int] = set()
    for index, operation in running.items():
        rule = RULES.get(type(operation))
        # The images are the caller's.
        if rule is None or rule.keeps_value:
            kept.add(index)
        if rule is not None and rule.keeps_sources:
            kept.update(operation.sources)
    return kept


def _spare(
    operation: Operation, finished: tuple[int, ...], kept: set[int], moving: bool
) -> int | None:
    if moving and isinstance(operation, Add):
        return None
    for place, source in enumerate(operation.sources):
        once = operation.sources.count(source) == 1
        if once and source in finished and source not in kept:
            return place
    return None


def _reached(running: dict[int, Operation], starts: tuple[type[Operation], ...]) -> dict[int, bool]:
    """Whether a path without a Zero leads to a value from one of the kinds of operation."""
    reached: dict[int, bool] = {}
    for index, operation in running.items():
        reached[index] = not isinstance(operation, Zero) and (
            isinstance(operation, starts) or any(reached[source] for source in operation.sources)
        )
    return reached
