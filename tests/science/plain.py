"""Every proxy written again, slowly and plainly, in float64: each runs the network afresh.

NaN where a score does not exist.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Parameters = dict[str, Tensor]


@dataclass
class LayerRun:
    """One layer, one time that it ran."""

    weight: str
    output: Tensor
    """Before batch norm."""
    filter_size: int
    multiply_adds: int
    """Of the minibatch."""
    channel: int = 1
    """The output's axis of channels."""


@dataclass
class Trace:
    """One forward."""

    logits: Tensor
    runs: list[LayerRun] = field(default_factory=list)
    relus: list[Tensor] = field(default_factory=list)
    """What each ReLU read."""


class Plain:
    """The proxies of a network given by `run`."""

    def __init__(self, p: Parameters, weights: list[str], images: Tensor, labels: Tensor) -> None:
        """`p` are all parameters, `weights` the names of those of layers, in float64."""
        self.p = p
        self.weights = weights
        self.images = images
        self.labels = labels
        self.trainable = set(p)

    def run(self, p: Parameters, images: Tensor, norm: bool = True) -> Trace:
        """The network with other parameters; without `norm`, batch norm is the identity."""
        raise NotImplementedError

    def values(self) -> list[Tensor]:
        return [self.p[name].detach().clone() for name in self.weights]

    def loss(self, weights: list[Tensor]) -> Tensor:
        """Mean cross-entropy with other weights."""
        p = self.p | dict(zip(self.weights, weights, strict=True))
        logits = self.run(p, self.images).logits
        chosen = logits.softmax(1)[torch.arange(len(logits)), self.labels]
        return -chosen.log().mean()

    def gradients(self) -> list[Tensor]:
        weights = [w.requires_grad_() for w in self.values()]
        return list(_grad(self.loss(weights), weights))

    def alive(self) -> bool:
        """Whether other images have other logits."""
        with torch.no_grad():
            other = self.run(self.p, self.images.flip(0) * 2 + 1).logits
            return not torch.equal(self.run(self.p, self.images).logits, other)

    def score(self, proxy: str) -> float:
        if proxy not in ("params", "flops", "l2_norm") and not self.alive():
            return float("nan")
        return float(getattr(self, proxy)())

    def params(self) -> float:
        return float(sum(self.p[name].numel() for name in self.trainable))

    def flops(self) -> float:
        runs = self.run(self.p, self.images).runs
        return float(sum(run.multiply_adds for run in runs) // len(self.images))

    def l2_norm(self) -> float:
        return float(sum((w**2).sum().sqrt() for w in self.values()))

    def grad_norm(self) -> float:
        return float(sum((g**2).sum().sqrt() for g in self.gradients()))

    def plain(self) -> float:
        pairs = zip(self.values(), self.gradients(), strict=True)
        return float(sum((w * g).sum() for w, g in pairs))

    def snip(self) -> float:
        pairs = zip(self.values(), self.gradients(), strict=True)
        return float(sum((w * g).abs().sum() for w, g in pairs))

    def grasp(self) -> float:
        """By the derivative of ‖g‖²/2 along w: ⟨w, Hg⟩ = d/dt ½‖g(w + tw)‖² at 0, g in all of W."""
        t = torch.zeros((), dtype=torch.float64, requires_grad=True)
        moved = [w * (1 + t) for w in self.values()]
        gradients = _grad(self.loss(moved), moved, create_graph=True)
        half = sum(((g**2).sum() / 2 for g in gradients), torch.zeros(()))
        return -float(_grad(half, [t])[0])

    def fisher(self) -> float:
        p = {name: tensor.detach().clone().requires_grad_() for name, tensor in self.p.items()}
        trace = self.run(p, self.images)
        loss = F.cross_entropy(trace.logits, self.labels)
        score = 0.0
        for run in trace.runs:
            a = run.output
            if run.weight not in self.weights or not a.requires_grad:
                continue
            (g,) = _grad(loss, [a], retain_graph=True)
            products = (a.detach() * g).movedim(run.channel, 1)
            for c in range(products.shape[1]):
                squares = [float(products[n, c].sum()) ** 2 for n in range(len(products))]
                score += run.filter_size * sum(squares) / len(squares) / 2
        return score

    def synflow(self) -> float:
        p = {name: tensor.detach().abs() for name, tensor in self.p.items()}
        weights = [p[name].requires_grad_() for name in self.weights]
        ones = torch.ones_like(self.images[:1])
        total = self.run(p, ones, norm=False).logits.sum()
        gradients = _grad(total, weights)
        flow = sum(
            float((w.detach() * g).abs().sum()) for w, g in zip(weights, gradients, strict=True)
        )
        return log(flow) if flow > 0 else float("nan")

    def jacobian(self) -> NDArray[np.float64]:
        images = self.images.clone().requires_grad_()
        (jacobian,) = _grad(self.run(self.p, images).logits.sum(), [images])
        return jacobian.flatten(1).numpy()

    def jacob_cov(self) -> float:
        rows = self.jacobian()
        if any(_constant(row) for row in rows):
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
            if any(_constant(row) for row in of_class):
                return float("nan")
            sums.append(np.log(np.abs(np.corrcoef(of_class)) + 1e-5).sum())
        return float(np.abs(sums).sum()) if sums else float("nan")

    def features(self) -> list[Tensor]:
        """The values where blocks end, of Kaiming's weights on Gaussian images, with gradients."""
        return []

    def signs(self, number: int, value: Tensor) -> Tensor:
        """±1 for the value where the block of that number ends."""
        raise NotImplementedError

    def entropies(self) -> list[float]:
        """By the singular values of the values themselves, less their means."""
        found = []
        for value in self.features():
            rows = value.detach().movedim(1, 3).flatten(0, 2).numpy()
            variances = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
            found.append(sum(-p * log(p + 1e-8) for p in variances / variances.sum()))
        return found

    def expressivity(self) -> float:
        return sum(self.entropies()) if self.features() else float("nan")

    def progressivity(self) -> float:
        entropies = self.entropies()
        return min((after - before for before, after in pairwise(entropies)), default=float("nan"))

    def trainability(self) -> float:
        scores = []
        for number, (f_in, f_out) in enumerate(pairwise(self.features()), start=1):
            g_out = self.signs(number, f_out)
            (g_in,) = _grad(f_out, [f_in], grad_outputs=g_out, retain_graph=True)
            if g_in.shape == g_out.shape and torch.equal(g_in, g_out):
                return float("nan")
            r = g_in.shape[2] // g_out.shape[2]
            N, C, H, W = g_out.shape
            # Each cell of g_out and the r by r of g_in that it stands for.
            cells = g_in.reshape(N, -1, H, r, W, r)
            outer = torch.einsum("nchiwj,nkhw->cijk", cells, g_out) / (N * H * W)
            s = np.linalg.norm(outer.reshape(-1, C).numpy(), 2)
            scores.append(-s - 1 / (s + 1e-6) + 2)
        return float(np.mean(scores)) if scores else float("nan")

    def nwot(self) -> float:
        n = len(self.images)
        kernel = np.zeros((n, n))
        for values in self.run(self.p, self.images).relus:
            active = (values.detach() > 0).flatten(1).numpy()
            for i in range(n):
                for j in range(n):
                    kernel[i, j] += np.sum(active[i] == active[j])
        if np.linalg.matrix_rank(kernel) < n:
            return float("nan")
        return float(np.linalg.slogdet(kernel)[1])

    def swap(self) -> float:
        columns = set()
        for values in self.run(self.p, self.images).relus:
            active = (values.detach() > 0).flatten(1)
            columns |= {tuple(column) for column in active.T.tolist()}
        return float(len(columns)) if columns else float("nan")

    def zico(self) -> float:
        gradients = []
        images, labels, half = self.images, self.labels, len(self.images) // 2
        for part in (slice(None, half), slice(half, None)):
            self.images, self.labels = images[part], labels[part]
            gradients.append(self.gradients())
        self.images, self.labels = images, labels
        score = 0.0
        for pair in zip(*gradients, strict=True):
            g = torch.stack(pair).flatten(1).numpy()
            means, deviations = np.abs(g).mean(0), g.std(0)
            varying = deviations > 0
            if varying.any():
                score += log((means[varying] / deviations[varying]).sum())
        return score if score else float("nan")


def _grad(scalar: Tensor, inputs: list[Tensor], **kept: Any) -> tuple[Tensor, ...]:
    if not scalar.requires_grad:
        return tuple(torch.zeros_like(each) for each in inputs)
    return torch.autograd.grad(scalar, inputs, materialize_grads=True, **kept)


def _constant(row: NDArray[np.float64]) -> bool:
    return bool(np.ptp(row) <= 1e-12 * np.abs(row).max())
