"""The blocks of a network, each as a graph of its own."""

from collections.abc import Iterator

from service.graph.graph import Graph
from service.graph.operations import Input, Operation, reading


def blocks(graph: Graph) -> Iterator[Graph]:
    """Each block from where the one before it ends, or from the images, to where it ends itself.

    Slots stay, what the block's output does not depend on is left out, and a block that is the
    identity has no operation but its `Input`. Raises ValueError where a block reads what was before
    its beginning.
    """
    start = 0
    for end in graph.blocks:
        yield Graph(_between(graph, start, end))
        start = end


def _between(graph: Graph, start: int, end: int) -> tuple[Operation, ...]:
    wanted = {end}
    for index in range(end, start, -1):
        if index in wanted:
            wanted.update(graph.operations[index].sources)
    if min(wanted) < start:
        raise ValueError(f"the block from {start} to {end} reads {min(wanted)}, before it")
    channels, height, width = graph.shapes[start]
    operations: list[Operation] = [Input(channels, height, width)]
    places = {start: 0}
    for index in sorted(wanted - {start}):
        operation = graph.operations[index]
        places[index] = len(operations)
        sources = tuple(places[source] for source in operation.sources)
        operations.append(reading(operation, sources))
    return tuple(operations)
