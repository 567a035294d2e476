"""Cells as graphs, and the graph network that says which of two cells is better.

The network is that of BRP-NAS (Dudziak et al., BRP-NAS: Prediction-based NAS using GCNs, NeurIPS
2020) as its released code has it. A vertex is an operation, and one more, the global vertex, reads
all others. A layer is X' = ReLU(LayerNorm(A X W + b)), then dropout; A is not normalised, has ones
on its diagonal, and takes to each vertex what those that read it have. The embedding of a cell is
its global vertex. A linear layer on two embeddings, one after the other, gives each cell a logit.
Weights begin uniform in ±1/√(units out), those of the last layer in ±1/√(units in).

Three things are ours. The global vertex does not read padding, so that padding changes nothing. A
vertex that is added twice counts twice: else a hundred classes of NB201 would look like others. And
cells are ranked by the antisymmetric half of the relation (`GraphNetwork.values`), where the
released code sorts by comparisons that may contradict each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from service.benches.structure import Kind, Vertex
from service.engine.streams import stream
from service.engine.weights import uniform

KINDS = ("global", *get_args(Kind))
"""What a vertex may be, in the order of its features."""

LAYERS = 4
WIDTH = 600
DROPOUT = 0.2
"""The share of a layer's numbers that is dropped. All three as in BRP-NAS."""

CELLS_AT_ONCE = 512
"""In a pass that ranks: some 10 MB a layer, which a core's cache half holds."""

_STEPS = 2**16
"""Whether a number is dropped is said by 16 random bits: a share within 1/131072."""

Dropout = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Graphs:
    """Cells of any number of vertices, padded to the largest; the global vertex is the first."""

    adjacency: Tensor
    """(cells, vertices, vertices): how often the column's vertex reads the row's; 1 on the
    diagonal."""
    features: Tensor
    """(cells, vertices, kinds): one-hot, of padding 0."""

    def of(self, rows: Tensor | slice) -> "Graphs":
        """Some of the cells."""
        return Graphs(self.adjacency[rows], self.features[rows])

    def __len__(self) -> int:
        return len(self.features)


def graphs(cells: Sequence[Sequence[Vertex]]) -> Graphs:
    """The graphs of cells, float32, a cell as `Bench.vertices` tells it."""
    largest = 1 + max(map(len, cells))
    adjacency = np.zeros((len(cells), largest, largest), np.float32)
    features = np.zeros((len(cells), largest, len(KINDS)), np.float32)
    adjacency[:, range(largest), range(largest)] = 1
    for number, cell in enumerate(cells):
        adjacency[number, 0, : len(cell) + 1] = 1
        features[number, 0, 0] = 1
        for place, (kind, sources) in enumerate(cell, start=1):
            features[number, place, KINDS.index(kind)] = 1
            for source in sources:
                adjacency[number, source + 1, place] += 1
    return Graphs(torch.from_numpy(adjacency), torch.from_numpy(features))


def dropout(name: str) -> Dropout:
    """Drops numbers by the stream of that name and divides those it keeps by their share."""
    source, kept = stream(name), 1 - DROPOUT
    limit = round(kept * _STEPS)

    def drop(values: Tensor) -> Tensor:
        words = source.random_raw((values.numel() + 3) // 4)
        bits = words.astype("<u8", copy=False).view("<u2")[: values.numel()]
        return values * (torch.from_numpy(bits < limit).view(values.shape) / kept)

    return drop


class GraphNetwork(nn.Module):
    """Embeds cells and relates them. On the CPU its bits depend on `torch.set_num_threads`."""

    def __init__(self, name: str, layers: int = LAYERS, width: int = WIDTH) -> None:
        """Weights come from streams whose names begin with `name`."""

        def drawn(part: str, shape: tuple[int, ...], fan: int) -> nn.Parameter:
            return nn.Parameter(torch.from_numpy(uniform(f"{name}/{part}", shape, fan)))

        super().__init__()
        inputs = (len(KINDS), *[width] * (layers - 1))
        self.weights = nn.ParameterList(
            drawn(f"{layer}/weight", (units, width), width) for layer, units in enumerate(inputs)
        )
        self.biases = nn.ParameterList(
            drawn(f"{layer}/bias", (width,), width) for layer in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        # The two halves of one layer: what a cell gives as the first of a pair, and as the second.
        self.first = drawn("relation/first", (width, 2), 2 * width)
        self.second = drawn("relation/second", (width, 2), 2 * width)
        self.bias = drawn("relation/bias", (2,), 2 * width)

    def embedded(self, graphs: Graphs, drop: Dropout | None = None) -> Tensor:
        """(cells, width): the global vertices after the last layer, with dropout or without."""
        values = graphs.features
        last = len(self.weights) - 1
        parts = zip(self.weights, self.biases, self.norms, strict=True)
        for layer, (weight, bias, norm) in enumerate(parts):
            # Of the last layer only the global vertex is read.
            adjacency = graphs.adjacency[:, :1] if layer == last else graphs.adjacency
            # Summed where there are fewer numbers: before the weight at both ends, else after it.
            if layer in (0, last):
                values = adjacency @ values @ weight
            else:
                values = adjacency @ (values @ weight)
            values = F.relu(norm(values + bias))
            if drop is not None:
                values = drop(values)
        return values[:, 0]

    def logits(self, embedded: Tensor) -> Tensor:
        """(cells, cells, 2): of each ordered pair, the logits that its first, its second is better.

        Each embedding is read twice by the linear layer, whatever the number of pairs.
        """
        first, second = embedded @ self.first, embedded @ self.second
        return first[:, None] + second[None] + self.bias

    def values(self, graphs: Graphs) -> Tensor:
        """(cells,): their values, the larger the better, without dropout.

        Of a pair (i, j) let s(i, j) be the first logit minus the second: p·i + q·j + c. Its
        antisymmetric half (s(i, j) - s(j, i)) / 2 is v(i) - v(j) with v = (p - q)·/2, so that it
        contradicts itself nowhere and a ranking needs one pass a cell and a sort.
        """
        direction = self.first - self.second
        towards = (direction[:, 0] - direction[:, 1]) / 2
        with torch.no_grad():
            parts = [
                self.embedded(graphs.of(slice(start, start + CELLS_AT_ONCE))) @ towards
                for start in range(0, len(graphs), CELLS_AT_ONCE)
            ]
        return torch.cat(parts)
