"""The networks of graphs written again, slowly and plainly, in float64."""

from math import log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from service.engine import initial_weights
from service.engine.blocks import gaussian_images, signs
from service.engine.perturbation import perturbed_images
from service.engine.weights import gaussian_weights, kaiming_weights
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
    ReLU,
    Shift,
    Zero,
)

from .plain import LayerRun, Parameters, Plain, Trace


def parameters(graph: Graph, seed: int) -> Parameters:
    return {
        name: torch.tensor(array, dtype=torch.float64)
        for name, array in initial_weights(graph, seed).items()
    }


def kaiming(graph: Graph, seed: int) -> Parameters:
    return {
        name: torch.tensor(array, dtype=torch.float64)
        for name, array in kaiming_weights(graph, seed).items()
    }


def batch_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    normal = (x - mean) / (variance + 1e-5).sqrt()
    return normal * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)


def average_pool(x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """The sum of each window over how many of its cells lie inside the image."""
    windows = torch.ones(x.shape[1], 1, kernel, kernel, dtype=x.dtype)
    total = F.conv2d(x, windows, None, stride, padding, groups=x.shape[1])
    return total / F.conv2d(torch.ones_like(x), windows, None, stride, padding, groups=x.shape[1])


def run(graph: Graph, p: Parameters, images: Tensor, norm: bool = True) -> list[Tensor]:
    """The value of every operation."""
    v: list[Tensor] = []
    for o in graph.operations:
        match o:
            case Input():
                v.append(images)
            case Convolution():
                w = p[f"{o.slot}/weight"]
                v.append(F.conv2d(v[o.source], w, None, o.stride, o.padding, 1, o.groups))
            case BatchNorm():
                scale, shift = p[f"{o.slot}/weight"], p[f"{o.slot}/bias"]
                v.append(batch_norm(v[o.source], scale, shift) if norm else v[o.source] * 1)
            case Linear():
                v.append(v[o.source] @ p[f"{o.slot}/weight"].T + p[f"{o.slot}/bias"])
            case ReLU():
                v.append(v[o.source] * (v[o.source] > 0))
            case MaxPool():
                v.append(F.max_pool2d(v[o.source], o.kernel, o.stride, o.padding))
            case AveragePool():
                v.append(average_pool(v[o.source], o.kernel, o.stride, o.padding))
            case Crop():
                v.append(v[o.source][:, : o.channels])
            case Shift():
                shifted = torch.zeros_like(v[o.source])
                shifted[:, :, :-1, :-1] = v[o.source][:, :, 1:, 1:]
                v.append(shifted)
            case Zero():
                v.append(0 * v[o.source].detach())
            case GlobalAveragePool():
                v.append(v[o.source].flatten(2).mean(2))
            case Add():
                v.append(torch.stack([v[s] for s in o.sources]).sum(0))
            case Concat():
                v.append(torch.cat([v[s] for s in o.sources], 1))
    return v


class Slow(Plain):
    """The proxies of a graph's network."""

    def __init__(
        self,
        graph: Graph,
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
        seed: int,
    ) -> None:
        self.graph = graph
        self.layers = [o for o in graph.operations if isinstance(o, Convolution | Linear)]
        self.seed = seed
        super().__init__(
            parameters(graph, seed),
            [f"{o.slot}/weight" for o in self.layers],
            torch.tensor(images, dtype=torch.float64),
            torch.tensor(labels),
        )

    def features(self) -> list[Tensor]:
        images = gaussian_images(self.seed, tuple(self.images.shape))
        p = kaiming(self.graph, self.seed)
        values = run(self.graph, p, torch.tensor(images, dtype=torch.float64).requires_grad_())
        return [values[index] for index in self.graph.blocks]

    def signs(self, number: int, value: Tensor) -> Tensor:
        N, C, H, W = value.shape
        drawn = torch.tensor(signs(self.seed, number, (N, H, W, C)), dtype=torch.float64)
        return drawn.permute(0, 3, 1, 2)

    def zen(self) -> float:
        p = {
            name: torch.tensor(array, dtype=torch.float64)
            for name, array in gaussian_weights(self.graph, self.seed).items()
        }
        images = perturbed_images(self.seed, tuple(self.images.shape))
        values, moved = (run(self.graph, p, torch.tensor(x, dtype=torch.float64)) for x in images)
        operations = self.graph.operations
        needed = {len(operations) - 1}
        for index in range(len(operations) - 1, -1, -1):
            if index in needed:
                needed.update(operations[index].sources)
        score = 0.0
        for index in sorted(needed):
            match operations[index]:
                case BatchNorm(source=source):
                    variances = values[source].transpose(0, 1).flatten(1).var(1, correction=0)
                    score += log(variances.mean()) / 2
                case GlobalAveragePool(source=source):
                    z, z_moved = values[source], moved[source]
        sums = (z - z_moved).abs().flatten(1).sum(1)
        return score + log(sums.mean())

    def run(self, p: Parameters, images: Tensor, norm: bool = True) -> Trace:
        values = run(self.graph, p, images, norm)
        trace = Trace(values[-1])
        for o, value in zip(self.graph.operations, values, strict=True):
            if isinstance(o, Convolution | Linear):
                name = f"{o.slot}/weight"
                filter_size = p[name][0].numel()
                trace.runs.append(LayerRun(name, value, filter_size, value.numel() * filter_size))
            if isinstance(o, ReLU):
                trace.relus.append(values[o.source])
        return trace
