"""A graph's network as a plain user of torch writes it, and seven proxies the way they were first
released: the two measures that are not ours.

`Stock` has torch's default initialisation and layout (channels first). `released` is written anew
after the structure of the released code of Abdelfattah et al. 2021: a copy of the network for each
proxy, and 8 forwards and 9 backwards in all, of which grasp takes 2 and 3. Two things flatter it:
what the cell does not use is not built, and its eigenvalues are left out.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Zero,
)


class Stock(nn.Module):
    """Images (N, C, H, W) to logits."""

    def __init__(self, graph: Graph, norms: bool = True) -> None:
        super().__init__()
        self.graph = graph
        self.layers = nn.ModuleDict(
            {
                str(index): layer
                for index, operation in enumerate(graph.operations)
                if (layer := _layer(graph, operation, norms)) is not None
            }
        )
        self.outputs: list[tuple[Any, Tensor]] | None = None
        """Where it is a list: every layer with its output, for fisher."""

    def forward(self, images: Tensor) -> Tensor:
        values = [images]
        for index, operation in enumerate(self.graph.operations[1:], 1):
            sources = [values[source] for source in operation.sources]
            if str(index) in self.layers:
                layer = self.layers[str(index)]
                value = layer(*sources)
                if self.outputs is not None and isinstance(layer, nn.Conv2d | nn.Linear):
                    self.outputs.append((layer, value))
            else:
                value = _applied(operation, sources)
            values.append(value)
        return values[-1]


def _layer(graph: Graph, operation: Operation, norms: bool) -> nn.Module | None:
    match operation:
        case Convolution(source, _, channels, kernel, stride, padding):
            width = graph.shapes[source][0]
            return nn.Conv2d(width, channels, kernel, stride, padding, bias=False)
        case BatchNorm(source):
            return nn.BatchNorm2d(graph.shapes[source][0]) if norms else nn.Identity()
        case Linear(source, _, features):
            return nn.Linear(graph.shapes[source][0], features)
        case ReLU():
            return nn.ReLU()
        case MaxPool(_, kernel, stride, padding):
            return nn.MaxPool2d(kernel, stride, padding)
        case AveragePool(_, kernel, stride, padding):
            return nn.AvgPool2d(kernel, stride, padding, count_include_pad=False)
    return None


def _applied(operation: Operation, sources: list[Tensor]) -> Tensor:
    match operation:
        case Crop(_, channels):
            return sources[0][:, :channels]
        case Zero():
            return torch.zeros_like(sources[0])
        case GlobalAveragePool():
            return F.adaptive_avg_pool2d(sources[0], 1).flatten(1)
        case Add():
            return sum(sources[1:], sources[0])
        case Concat():
            return torch.cat(sources, 1)
    raise TypeError(f"{operation} is a layer")


def forward_backward(network: Stock, images: Tensor, labels: Tensor) -> None:
    network.zero_grad()
    F.cross_entropy(network(images), labels).backward()


def released(network: Stock, images: Tensor, labels: Tensor) -> None:
    """grad_norm, snip, grasp, fisher, jacob_cov, plain and synflow, each on a copy of its own."""
    for proxy, norms in _RELEASED:
        copy = Stock(network.graph, norms)
        copy.load_state_dict(network.state_dict(), strict=norms)
        proxy(copy, images, labels)


def _weights(network: Stock) -> list[Any]:
    return [m.weight for m in network.layers.values() if isinstance(m, nn.Conv2d | nn.Linear)]


def _gradients(network: Stock, images: Tensor, labels: Tensor) -> list[Tensor]:
    forward_backward(network, images, labels)
    return [weight.grad for weight in _weights(network) if weight.grad is not None]


def _grad_norm(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    return _sum_of(g.norm() for g in _gradients(network, images, labels))


def _snip(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    gradients = _gradients(network, images, labels)
    return _sum_of((w * g).abs().sum() for w, g in zip(_weights(network), gradients, strict=True))


def _plain(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    gradients = _gradients(network, images, labels)
    return _sum_of((w * g).sum() for w, g in zip(_weights(network), gradients, strict=True))


def _grasp(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    weights = _weights(network)
    fixed = torch.autograd.grad(F.cross_entropy(network(images), labels), weights)
    loss = F.cross_entropy(network(images), labels)
    moving = torch.autograd.grad(loss, weights, create_graph=True)
    curved = torch.autograd.grad(
        _sum_of((f * m).sum() for f, m in zip(fixed, moving, strict=True)), weights
    )
    return _sum_of(-(w * h).sum() for w, h in zip(weights, curved, strict=True))


def _fisher(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    network.outputs = []
    loss = F.cross_entropy(network(images), labels)
    outputs = [output for _, output in network.outputs]
    sums = []
    for (layer, output), gradient in zip(
        network.outputs, torch.autograd.grad(loss, outputs), strict=True
    ):
        product = output * gradient
        product = product.sum((2, 3)) if product.ndim == 4 else product
        sums.append(product.square().mean(0).sum() / 2 * layer.weight[0].numel())
    return _sum_of(sums)


def _jacob_cov(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    images = images.clone().requires_grad_()
    outputs = network(images)
    outputs.backward(torch.ones_like(outputs))
    assert images.grad is not None
    return torch.corrcoef(images.grad.flatten(1))


def _synflow(network: Stock, images: Tensor, labels: Tensor) -> Tensor:
    network = network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    network(torch.ones_like(images[:1], dtype=torch.float64)).sum().backward()
    return _sum_of((w * w.grad).abs().sum() for w in _weights(network))


def _sum_of(scalars: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(scalars)).sum()


_RELEASED: tuple[tuple[Callable[[Stock, Tensor, Tensor], Tensor], bool], ...] = (
    (_grad_norm, True),
    (_snip, False),
    (_grasp, True),
    (_fisher, True),
    (_jacob_cov, True),
    (_plain, False),
    (_synflow, False),
)
"""With whether its copy has batch norms, as in the released code and not as in the papers."""
