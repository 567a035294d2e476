"""Initial weights: torch's default distributions from a stream of random numbers keyed by slot.

What two networks share starts the same, on every machine: a layer's weights depend on the seed, on
its slot and on its shape, and on nothing else of the network.
"""

from collections.abc import Callable, Mapping
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from service.engine.gaussian import gaussian
from service.engine.streams import stream
from service.graph import BatchNorm, Convolution, Graph, Linear

Weights = Mapping[str, NDArray[np.float32]]
"""Arrays by `<slot>/weight` and `<slot>/bias`, float32, in torch's layout."""

Draw = Callable[[str, tuple[int, ...], int], NDArray[np.float32]]
"""Random numbers for a weight of that name, of that shape and fan in."""


def initial_weights(graph: Graph, seed: int) -> dict[str, NDArray[np.float32]]:
    """The initial weights of every layer, keyed by `<slot>/weight` and `<slot>/bias`.

    Convolutions (channels, channels in of a group, kernel, kernel) and linear layers (features,
    features in) are uniform in ±1/√(fan in), biases likewise with the fan in of their layer; the
    scale of a batch norm is 1 and its shift 0. Raises ValueError where two operations have one
    slot.
    """
    return _drawn(graph, lambda name, shape, fan_in: uniform(f"{seed}/{name}", shape, fan_in))


def kaiming_weights(graph: Graph, seed: int) -> dict[str, NDArray[np.float32]]:
    """The same for other weights: normal, of deviation √(2 / fan in), and biases 0.

    He et al., Delving Deep into Rectifiers, ICCV 2015: a ReLU's mean square stays.
    """

    def draw(name: str, shape: tuple[int, ...], fan_in: int) -> NDArray[np.float32]:
        if name.endswith("/bias"):
            return np.zeros(shape, np.float32)
        return gaussian(f"{seed}/kaiming/{name}", shape) * np.float32(sqrt(2 / fan_in))

    return _drawn(graph, draw)


def gaussian_weights(graph: Graph, seed: int) -> dict[str, NDArray[np.float32]]:
    """The same for standard normal weights, and biases 0, whatever the fan in."""

    def draw(name: str, shape: tuple[int, ...], fan_in: int) -> NDArray[np.float32]:
        if name.endswith("/bias"):
            return np.zeros(shape, np.float32)
        return gaussian(f"{seed}/zen/{name}", shape)

    return _drawn(graph, draw)


def _drawn(graph: Graph, draw: Draw) -> dict[str, NDArray[np.float32]]:
    weights: dict[str, NDArray[np.float32]] = {}

    def add(name: str, array: NDArray[np.float32]) -> None:
        if name in weights:
            raise ValueError(f"two operations have the slot {name.rpartition('/')[0]}")
        weights[name] = array

    for operation in graph.operations:
        match operation:
            case Convolution(source=source, slot=slot, channels=channels, kernel=kernel):
                shape = (channels, graph.shapes[source][0] // operation.groups, kernel, kernel)
                add(f"{slot}/weight", draw(f"{slot}/weight", shape, prod(shape[1:])))
            case Linear(source=source, slot=slot, features=features):
                fan_in = graph.shapes[source][0]
                weight, bias = f"{slot}/weight", f"{slot}/bias"
                add(weight, draw(weight, (features, fan_in), fan_in))
                add(bias, draw(bias, (features,), fan_in))
            case BatchNorm(source=source, slot=slot):
                channels = graph.shapes[source][0]
                add(f"{slot}/weight", np.ones(channels, np.float32))
                add(f"{slot}/bias", np.zeros(channels, np.float32))
            case _:
                pass
    return weights


def uniform(name: str, shape: tuple[int, ...], fan_in: int) -> NDArray[np.float32]:
    """Uniform in [-1/√(fan in), 1/√(fan in)), from the stream of that name.

    Each 64-bit word gives two numbers, the low half first, of 24 bits each: as many as float32
    holds, so that every step but the last multiplication is exact.
    """
    count = prod(shape)
    words = stream(name).random_raw((count + 1) // 2)
    halves = words.astype("<u8", copy=False).view("<u4")[:count]
    halves >>= np.uint32(8)
    uniform = halves.astype(np.float32)
    uniform *= np.float32(2.0**-23)
    uniform -= np.float32(1)
    uniform *= np.float32(1 / sqrt(fan_in))
    return uniform.reshape(shape)
