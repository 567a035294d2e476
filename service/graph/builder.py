"""Writes a graph operation by operation; each call returns the index of the new value."""

from service.graph.graph import Graph
from service.graph.operations import (
    Add,
    BatchNorm,
    Convolution,
    Input,
    Operation,
    ReLU,
)


class Builder:
    """Collects operations, starting with the input of (channels, height, width)."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        self._operations: list[Operation] = [Input(channels, height, width)]
        self._blocks: list[int] = []

    @property
    def input(self) -> int:
        return 0

    def append(self, operation: Operation) -> int:
        self._operations.append(operation)
        return len(self._operations) - 1

    def convolution_bn(
        self, source: int, slot: str, channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> int:
        """Convolution ("same" padding) and batch norm, with slots `slot`.conv and `slot`.bn."""
        value = self.append(
            Convolution(source, f"{slot}.conv", channels, kernel, stride, kernel // 2, groups)
        )
        return self.append(BatchNorm(value, f"{slot}.bn"))

    def convolution_bn_relu(self, source: int, slot: str, channels: int, kernel: int) -> int:
        return self.append(ReLU(self.convolution_bn(source, slot, channels, kernel)))

    def relu_convolution_bn(
        self, source: int, slot: str, channels: int, kernel: int, stride: int = 1
    ) -> int:
        return self.convolution_bn(self.append(ReLU(source)), slot, channels, kernel, stride)

    def total(self, sources: list[int]) -> int:
        """The sum of the sources; one source is its own sum."""
        return sources[0] if len(sources) == 1 else self.append(Add(tuple(sources)))

    def end_block(self, value: int) -> int:
        """A block of the network ends here, and the next one begins; returns the value."""
        self._blocks.append(value)
        return value

    def graph(self) -> Graph:
        return Graph(tuple(self._operations), tuple(self._blocks))
