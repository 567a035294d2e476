"""What a cell's operations and paths say: no weights, no images."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Literal, NamedTuple

from service.graph import Graph, expected_flow

Kind = Literal["input", "convolution_3x3", "convolution_1x1", "pool", "output"]


class Vertex(NamedTuple):
    """An operation of a cell, and what it reads: each vertex as often as it is added."""

    kind: Kind
    sources: tuple[int, ...]


def structural(vertices: Sequence[Vertex], graph: Graph) -> Mapping[str, float]:
    """The structural proxies of a cell in which no operation is dead, and of its network.

    Vertices stand in topological order, the input first and the output last. A path goes from the
    input to the output; where one vertex is added twice there are two. Without a path,
    `structural_synflow` and the means over paths are left out.
    """
    paths, lengths, pools, depths = [1], [0], [0], [0]
    for kind, sources in vertices[1:]:
        here = sum(paths[source] for source in sources)
        paths.append(here)
        lengths.append(sum(lengths[source] for source in sources) + here * (kind != "output"))
        pools.append(sum(pools[source] for source in sources) + here * (kind == "pool"))
        deepest = max((depths[source] for source in sources), default=0)
        depths.append(deepest + (kind == "convolution_3x3"))
    found = {
        "structural_pools": float(sum(kind == "pool" for kind, _ in vertices)),
        "structural_depth_3x3": float(depths[-1]),
    }
    if paths[-1]:
        found["structural_synflow"] = log(expected_flow(graph))
        found["structural_path_length"] = lengths[-1] / paths[-1]
        found["structural_pools_per_path"] = pools[-1] / paths[-1]
    return found
