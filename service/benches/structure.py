"""What a cell's operations and paths say: no weights, no images."""

from collections.abc import Iterable, Mapping, Sequence
from math import log
from types import MappingProxyType
from typing import Literal, NamedTuple

from service.graph import Graph, expected_flow

Kind = Literal[
    "input",
    "convolution_3x3",
    "convolution_1x1",
    "pool",
    "output",
    "mbconv_3x3",
    "mbconv_5x5",
    "skip",
    "module",
    "module_wider",
    "module_smaller",
    "module_wider_smaller",
]
"""A new one is the last: `service.search.graph_network` draws its weights in this order."""

DEPTHS: Mapping[Kind, int] = MappingProxyType(
    {
        "convolution_3x3": 1,
        "mbconv_3x3": 1,
        "mbconv_5x5": 1,
        # Two residual blocks of two convolutions.
        "module": 4,
        "module_wider": 4,
        "module_smaller": 4,
        "module_wider_smaller": 4,
    }
)
"""How many convolutions of 3×3 or larger one after another an operation is, where it is any."""

_NO_OPERATIONS = frozenset({"output", "skip"})
"""Vertices that no path is longer for."""


class Vertex(NamedTuple):
    """An operation of a cell, and what it reads: each vertex as often as it is added."""

    kind: Kind
    sources: tuple[int, ...]


def chain(kinds: Iterable[Kind]) -> list[Vertex]:
    """Operations one after another, between input and output."""
    found = [Vertex("input", ())]
    for kind in (*kinds, "output"):
        found.append(Vertex(kind, (len(found) - 1,)))
    return found


def structural(vertices: Sequence[Vertex], graph: Graph) -> Mapping[str, float]:
    """The structural proxies of a cell in which no operation is dead, and of its network.

    Vertices stand in topological order, the input first and the output last. A path goes from the
    input to the output; where one vertex is added twice there are two. Without a path,
    `structural_synflow` and the means over paths are left out.
    """
    paths, identities, lengths, pools, depths = [1], [1], [0], [0], [0]
    for kind, sources in vertices[1:]:
        here = sum(paths[source] for source in sources)
        paths.append(here)
        counts = kind not in _NO_OPERATIONS
        identities.append(0 if counts else sum(identities[source] for source in sources))
        lengths.append(sum(lengths[source] for source in sources) + here * counts)
        pools.append(sum(pools[source] for source in sources) + here * (kind == "pool"))
        deepest = max((depths[source] for source in sources), default=0)
        depths.append(deepest + DEPTHS.get(kind, 0))
    found = {
        "structural_pools": float(sum(kind == "pool" for kind, _ in vertices)),
        "structural_depth_3x3": float(depths[-1]),
        "structural_identity_paths": float(identities[-1]),
    }
    if paths[-1]:
        found["structural_synflow"] = log(expected_flow(graph))
        found["structural_path_length"] = lengths[-1] / paths[-1]
        found["structural_pools_per_path"] = pools[-1] / paths[-1]
    return found
