"""The engine and the proxies written again, slowly and plainly, in float64 and without hooks."""

from math import log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from service.engine import initial_weights
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
    Zero,
)

Parameters = dict[str, Tensor]


def parameters(graph: Graph, seed: int) -> Parameters:
    return {
        name: torch.tensor(array, dtype=torch.float64)
        for name, array in initial_weights(graph, seed).items()
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
                v.append(F.conv2d(v[o.source], w, None, o.stride, o.padding))
            case BatchNorm():
                scale, shift = p[f"{o.slot}/weight"], p[f"{o.slot}/bias"]
                v.append(batch_norm(v[o.source], scale, shift) if norm else v[o.source] * 1)
            case Linear():
                v.append(v[o.source] @ p[f"{o.slot}/weight"].T + p[f"{o.slot}/bias"])
            case ReLU():
                v.append(v[o.source].clamp(min=0))
            case MaxPool():
                v.append(F.max_pool2d(v[o.source], o.kernel, o.stride, o.padding))
            case AveragePool():
                v.append(average_pool(v[o.source], o.kernel, o.stride, o.padding))
            case Crop():
                v.append(v[o.source][:, : o.channels])
            case Zero():
                v.append(0 * v[o.source].detach())
            case GlobalAveragePool():
                v.append(v[o.source].flatten(2).mean(2))
            case Add():
                v.append(torch.stack([v[s] for s in o.sources]).sum(0))
            case Concat():
                v.append(torch.cat([v[s] for s in o.sources], 1))
    return v


class Slow:
    """Each proxy runs the network afresh. NaN where a score does not exist."""

    def __init__(
        self,
        graph: Graph,
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
        seed: int,
    ) -> None:
        self.graph = graph
        self.images = torch.tensor(images, dtype=torch.float64)
        self.labels = torch.tensor(labels)
        self.p = parameters(graph, seed)
        self.layers = [o for o in graph.operations if isinstance(o, Convolution | Linear)]
        self.w = [self.p[f"{o.slot}/weight"].requires_grad_() for o in self.layers]

    def loss(self, *weights: Tensor) -> Tensor:
        """Mean cross-entropy with other weights in place of `w`."""
        names = [f"{o.slot}/weight" for o in self.layers]
        p = self.p | dict(zip(names, weights, strict=True))
        logits = run(self.graph, p, self.images)[-1]
        chosen = logits.softmax(1)[torch.arange(len(logits)), self.labels]
        return -chosen.log().mean()

    def values(self) -> list[Tensor]:
        return [w.detach() for w in self.w]

    def gradients(self) -> list[Tensor]:
        loss = self.loss(*self.w)
        return list(torch.autograd.grad(loss, self.w, materialize_grads=True))

    def params(self) -> float:
        return float(sum(tensor.numel() for tensor in self.p.values()))

    def flops(self) -> float:
        values = run(self.graph, self.p, self.images[:2])
        total = 0
        for o, value in zip(self.graph.operations, values, strict=True):
            if isinstance(o, Convolution | Linear):
                total += self.p[f"{o.slot}/weight"].numel() * value[0, 0].numel()
        return float(total)

    def l2_norm(self) -> float:
        return float(sum((w.detach() ** 2).sum().sqrt() for w in self.w))

    def grad_norm(self) -> float:
        return float(sum((g**2).sum().sqrt() for g in self.gradients()))

    def plain(self) -> float:
        return float(
            sum((w * g).sum() for w, g in zip(self.values(), self.gradients(), strict=True))
        )

    def snip(self) -> float:
        return float(
            sum((w * g).abs().sum() for w, g in zip(self.values(), self.gradients(), strict=True))
        )

    def grasp(self) -> float:
        """By the derivative of ‖g‖²/2 along w: ⟨w, Hg⟩ = d/dt ½‖g(w + tw)‖² at 0, g in all of W."""
        t = torch.zeros((), dtype=torch.float64, requires_grad=True)
        moved = [w.detach() * (1 + t) for w in self.w]
        gradients = torch.autograd.grad(
            self.loss(*moved), moved, create_graph=True, materialize_grads=True
        )
        half = sum((g**2).sum() for g in gradients) / 2
        assert isinstance(half, Tensor)
        return -float(torch.autograd.grad(half, t)[0])

    def fisher(self) -> float:
        values = run(self.graph, self.p, self.images)
        loss = F.cross_entropy(values[-1], self.labels)
        score = 0.0
        for o, a in zip(self.graph.operations, values, strict=True):
            if isinstance(o, Convolution | Linear):
                (g,) = torch.autograd.grad(loss, a, retain_graph=True, materialize_grads=True)
                for c in range(a.shape[1]):
                    squares = [
                        float((a[n, c].detach() * g[n, c]).sum()) ** 2 for n in range(len(a))
                    ]
                    filter_size = self.p[f"{o.slot}/weight"][c].numel()
                    score += filter_size * sum(squares) / len(squares) / 2
        return score

    def synflow(self) -> float:
        p = {name: tensor.detach().abs() for name, tensor in self.p.items()}
        w = [p[f"{o.slot}/weight"].requires_grad_() for o in self.layers]
        ones = torch.ones_like(self.images[:1])
        total = run(self.graph, p, ones, norm=False)[-1].sum()
        gradients = torch.autograd.grad(total, w, materialize_grads=True)
        return log(
            sum(float((v.detach() * g).abs().sum()) for v, g in zip(w, gradients, strict=True))
        )

    def jacobian(self) -> NDArray[np.float64]:
        images = self.images.clone().requires_grad_()
        total = run(self.graph, self.p, images)[-1].sum()
        (jacobian,) = torch.autograd.grad(total, images)
        return jacobian.flatten(1).numpy()

    def jacob_cov(self) -> float:
        rows = self.jacobian()
        if any(np.ptp(row) <= 1e-12 * np.abs(row).max() for row in rows):
            return float("nan")
        eigenvalues = np.linalg.eigvalsh(np.corrcoef(rows))
        return -float(sum(log(e + 1e-5) + 1 / (e + 1e-5) for e in eigenvalues))

    def epe_nas(self) -> float:
        rows, labels = self.jacobian(), self.labels.tolist()
        sums = []
        for label in set(labels):
            of_class = [row for row, own in zip(rows, labels, strict=True) if own == label]
            if len(of_class) < 2:
                continue
            if any(np.ptp(row) <= 1e-12 * np.abs(row).max() for row in of_class):
                return float("nan")
            sums.append(np.log(np.abs(np.corrcoef(of_class)) + 1e-5).sum())
        return float(np.abs(sums).sum()) if sums else float("nan")

    def nwot(self) -> float:
        values = run(self.graph, self.p, self.images)
        n = len(self.images)
        kernel = np.zeros((n, n))
        for o in self.graph.operations:
            if isinstance(o, ReLU):
                active = (values[o.source] > 0).flatten(1).numpy()
                for i in range(n):
                    for j in range(n):
                        kernel[i, j] += np.sum(active[i] == active[j])
        if np.linalg.matrix_rank(kernel) < n:
            return float("nan")
        return float(np.linalg.slogdet(kernel)[1])
