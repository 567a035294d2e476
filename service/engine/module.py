"""A graph as a plain torch module: for training, and as the slow, obviously right reference."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from service.engine.weights import Weights, initial_weights
from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Input,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shift,
    Zero,
)


def build(
    graph: Graph,
    seed: int,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> "GraphModule":
    """The network of a graph with its initial weights for `seed`, in train mode.

    The weights are drawn in float32; other dtypes hold the same values.
    """
    return GraphModule(graph, initial_weights(graph, seed), dtype).to(device)


class GraphModule(nn.Module):
    """Runs a graph operation by operation: images (N, C, H, W) to the last operation's value.

    `layers[i]` is the module of `graph.operations[i]`. On the CPU and in float32 the parameters
    share the memory of `weights`.
    """

    def __init__(self, graph: Graph, weights: Weights, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _layer(graph, operation, weights, dtype) for operation in graph.operations
        )
        # By operation: what it reads, and what nothing reads after it.
        self._steps = tuple(
            (operation.sources, finished)
            for operation, finished in zip(graph.operations, _last_reads(graph), strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes)."""
        # Every convolution and pool keeps this layout, in which they are faster.
        values: dict[int, Tensor] = {}
        value = images.contiguous(memory_format=torch.channels_last)
        for index, (layer, (sources, finished)) in enumerate(
            zip(self.layers, self._steps, strict=True)
        ):
            if sources:
                value = layer(*(values[source] for source in sources))
            values[index] = value
            for source in finished:
                del values[source]
        return value


def _last_reads(graph: Graph) -> list[tuple[int, ...]]:
    """For each operation, the values that nothing reads after it (its own, where nothing does)."""
    last = {index: index for index in range(len(graph.operations))}
    for index, operation in enumerate(graph.operations):
        last.update(dict.fromkeys(operation.sources, index))
    finished: list[list[int]] = [[] for _ in graph.operations]
    for source, index in last.items():
        finished[index].append(source)
    return [tuple(sources) for sources in finished]


def _layer(graph: Graph, operation: Operation, weights: Weights, dtype: torch.dtype) -> nn.Module:
    def parameter(name: str) -> nn.Parameter:
        return nn.Parameter(torch.from_numpy(weights[name]).to(dtype))

    match operation:
        case Input():
            return nn.Identity()
        case Convolution(source=source, slot=slot):
            # On "meta" torch's own initialisation costs nothing.
            convolution = nn.Conv2d(
                graph.shapes[source][0],
                operation.channels,
                operation.kernel,
                operation.stride,
                operation.padding,
                groups=operation.groups,
                bias=False,
                device="meta",
            )
            convolution.weight = parameter(f"{slot}/weight")
            return convolution
        case BatchNorm(source=source, slot=slot):
            norm = nn.BatchNorm2d(graph.shapes[source][0], dtype=dtype)
            norm.weight = parameter(f"{slot}/weight")
            norm.bias = parameter(f"{slot}/bias")
            return norm
        case Linear(source=source, slot=slot, features=features):
            linear = nn.Linear(graph.shapes[source][0], features, device="meta")
            linear.weight = parameter(f"{slot}/weight")
            linear.bias = parameter(f"{slot}/bias")
            return linear
        case ReLU():
            return nn.ReLU()
        case MaxPool(kernel=kernel, stride=stride, padding=padding):
            return nn.MaxPool2d(kernel, stride, padding)
        case AveragePool(kernel=kernel, stride=stride, padding=padding):
            return nn.AvgPool2d(kernel, stride, padding, count_include_pad=False)
        case Crop(channels=channels):
            return _Apply(lambda value: value[:, :channels])
        case Shift():
            return _Apply(lambda value: F.pad(value[:, :, 1:, 1:], (0, 1, 0, 1)))
        case Zero():
            return _Apply(torch.zeros_like)
        case GlobalAveragePool():
            return _Apply(lambda value: value.mean((2, 3)))
        case Add():
            return _Apply(lambda *values: sum(values[1:], values[0]))
        case Concat():
            return _Apply(lambda *values: torch.cat(values, 1))


class _Apply(nn.Module):
    """A function without weights, as a module."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        return self.function(*values)
