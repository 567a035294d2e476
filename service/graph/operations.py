"""The primitive operations of a network: what each reads, its shape, its weights, its cost.

A value is named by the index of the operation that makes it, so `source` and `sources` are indices
of earlier operations. Shapes leave out the batch: (C, H, W) for maps, (C,) for vectors.
"""

from dataclasses import dataclass, replace
from math import prod

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """The images, (channels, height, width)."""

    channels: int
    height: int
    width: int

    @property
    def sources(self) -> tuple[int, ...]:
        return ()

    def shape(self) -> Shape:
        return (self.channels, self.height, self.width)


@dataclass(frozen=True, slots=True)
class _Unary:
    source: int

    @property
    def sources(self) -> tuple[int, ...]:
        return (self.source,)

    def shape(self, source: Shape) -> Shape:
        return source


@dataclass(frozen=True, slots=True)
class Convolution(_Unary):
    """A square convolution without bias. `slot` keys its initial weights.

    The channels that it reads and those that it makes are in as many `groups`, in order, and a
    group reads only its own: with as many groups as channels it is a depthwise convolution.
    """

    slot: str
    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def shape(self, source: Shape) -> Shape:
        read, height, width = source
        if read % self.groups or self.channels % self.groups:
            raise ValueError(f"{read} and {self.channels} channels are not in {self.groups} groups")
        return (
            self.channels,
            _windows(height, self.kernel, self.stride, self.padding),
            _windows(width, self.kernel, self.stride, self.padding),
        )

    def parameters(self, source: Shape) -> int:
        return self.channels * (source[0] // self.groups) * self.kernel**2

    def multiply_adds(self, source: Shape) -> int:
        """Multiply-adds of one image."""
        return self.parameters(source) * prod(self.shape(source)[1:])


@dataclass(frozen=True, slots=True)
class BatchNorm(_Unary):
    """Batch normalisation with batch statistics, eps 1e-5, and a scale and a shift a channel."""

    slot: str

    def parameters(self, source: Shape) -> int:
        return 2 * source[0]


@dataclass(frozen=True, slots=True)
class ReLU(_Unary):
    """max(x, 0)."""


@dataclass(frozen=True, slots=True)
class MaxPool(_Unary):
    """The largest value of each window; padding never wins."""

    kernel: int
    stride: int
    padding: int = 0

    def shape(self, source: Shape) -> Shape:
        return _pooled(self, source)


@dataclass(frozen=True, slots=True)
class AveragePool(_Unary):
    """The mean of each window over the cells inside the image: padding is not counted."""

    kernel: int
    stride: int
    padding: int = 0

    def shape(self, source: Shape) -> Shape:
        return _pooled(self, source)


@dataclass(frozen=True, slots=True)
class Crop(_Unary):
    """The first `channels` channels."""

    channels: int

    def shape(self, source: Shape) -> Shape:
        if self.channels > source[0]:
            raise ValueError(f"cannot crop {source[0]} channels to {self.channels}")
        return (self.channels, *source[1:])


@dataclass(frozen=True, slots=True)
class Shift(_Unary):
    """The map one cell further up and to the left; zeros come in below and at the right."""


@dataclass(frozen=True, slots=True)
class Zero(_Unary):
    """Zeros of the source's shape: where a cell has no path from its input to its output."""


@dataclass(frozen=True, slots=True)
class GlobalAveragePool(_Unary):
    """The mean over height and width: (C, H, W) to (C,)."""

    def shape(self, source: Shape) -> Shape:
        return source[:1]


@dataclass(frozen=True, slots=True)
class Linear(_Unary):
    """A fully connected layer with bias, (in,) to (features,). `slot` keys its initial weights."""

    slot: str
    features: int

    def shape(self, source: Shape) -> Shape:
        if len(source) != 1:
            raise ValueError(f"a linear layer reads a vector, not {source}")
        return (self.features,)

    def parameters(self, source: Shape) -> int:
        return self.features * (source[0] + 1)

    def multiply_adds(self, source: Shape) -> int:
        """Multiply-adds of one image; the bias is an addition alone and not counted."""
        return self.features * source[0]


@dataclass(frozen=True, slots=True)
class Add:
    """The elementwise sum of two or more values of one shape; a value may occur twice."""

    sources: tuple[int, ...]

    def shape(self, *sources: Shape) -> Shape:
        if len(sources) < 2 or len(set(sources)) != 1:
            raise ValueError(f"a sum wants two or more values of one shape, not {sources}")
        return sources[0]


@dataclass(frozen=True, slots=True)
class Concat:
    """Values joined along the channels, in the order given."""

    sources: tuple[int, ...]

    def shape(self, *sources: Shape) -> Shape:
        if len({source[1:] for source in sources}) != 1:
            raise ValueError(f"cannot join values of different height or width: {sources}")
        return (sum(source[0] for source in sources), *sources[0][1:])


Operation = (
    Input
    | Convolution
    | BatchNorm
    | ReLU
    | MaxPool
    | AveragePool
    | Crop
    | Shift
    | Zero
    | GlobalAveragePool
    | Linear
    | Add
    | Concat
)


def reading(operation: Operation, sources: tuple[int, ...]) -> Operation:
    """The same operation of other values, as many as it reads."""
    if isinstance(operation, Input) or sources == operation.sources:
        return operation
    if isinstance(operation, Add | Concat):
        return replace(operation, sources=sources)
    return replace(operation, source=sources[0])


def _pooled(pool: MaxPool | AveragePool, source: Shape) -> Shape:
    channels, height, width = source
    return (
        channels,
        _windows(height, pool.kernel, pool.stride, pool.padding),
        _windows(width, pool.kernel, pool.stride, pool.padding),
    )


def _windows(length: int, kernel: int, stride: int, padding: int) -> int:
    windows = (length + 2 * padding - kernel) // stride + 1
    if windows < 1:
        raise ValueError(f"a window of {kernel} does not fit {length} cells padded by {padding}")
    return windows
