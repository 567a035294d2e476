"""The synaptic flow that a network has on average over its initial weights, by arithmetic alone."""

from math import sqrt
from typing import NamedTuple

from service.graph.graph import Graph
from service.graph.operations import Add, Concat, Convolution, Crop, Linear, Zero


class _Flow(NamedTuple):
    """Of one value, a number a channel."""

    paths: list[float]
    """The sum over the paths that lead here of the product of their weights."""
    counted: list[float]
    """The same sum, each path as often as it has layers."""


def expected_flow(graph: Graph) -> float:
    """Σ_layers Σ w·∂R/∂w where every weight is its expected absolute value; 0 without a path.

    R is the sum of the outputs for an input of ones without batch norms, as in SynFlow (Tanaka et
    al. 2020). A weight that starts uniform in ±1/√fan_in is 1/(2√fan_in) on average. No path passes
    a weight twice, so that the mean of R over initial weights is R of the mean weights. Maps are
    taken for uniform: as if padding were ones, which every pool then leaves as they are. Infinite
    where it passes 1e308.
    """
    flows: list[_Flow] = [_Flow([1.0] * graph.shapes[0][0], [0.0] * graph.shapes[0][0])]
    for index, operation in enumerate(graph.operations[1:], 1):
        sources = [flows[source] for source in operation.sources]
        paths, counted = sources[0]
        width = graph.shapes[index][0]
        match operation:
            case Convolution(kernel=kernel, groups=groups):
                flow = _convolved(sources[0], kernel**2, width, groups)
            case Linear():
                flow = _layer(sources[0], 1, len(paths), width, bias=True)
            case Add():
                flow = _Flow(
                    [sum(each) for each in zip(*(s.paths for s in sources), strict=True)],
                    [sum(each) for each in zip(*(s.counted for s in sources), strict=True)],
                )
            case Concat():
                flow = _Flow(
                    [each for s in sources for each in s.paths],
                    [each for s in sources for each in s.counted],
                )
            case Crop():
                flow = _Flow(paths[:width], counted[:width])
            case Zero():
                flow = _Flow([0.0] * width, [0.0] * width)
            case _:  # Norms are the identity, ReLUs see nothing negative, and pools nothing uneven.
                flow = sources[0]
        flows.append(flow)
    return sum(flows[-1].counted)


def _convolved(source: _Flow, taps: int, width: int, groups: int) -> _Flow:
    """Each group reads its own part of the channels."""
    part = len(source.paths) // groups
    parts = [
        _layer(
            _Flow(source.paths[start : start + part], source.counted[start : start + part]),
            taps,
            taps * part,
            width // groups,
            bias=False,
        )
        for start in range(0, len(source.paths), part)
    ]
    return _Flow(
        [each for flow in parts for each in flow.paths],
        [each for flow in parts for each in flow.counted],
    )


def _layer(source: _Flow, taps: int, fan_in: int, width: int, *, bias: bool) -> _Flow:
    weight = 1 / (2 * sqrt(fan_in))
    reached = weight * taps * sum(source.paths)
    counted = weight * taps * sum(source.counted) + reached
    # A path that starts at a bias has passed no layer's weights.
    return _Flow([reached + weight * bias] * width, [counted] * width)
