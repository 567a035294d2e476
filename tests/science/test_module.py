"""The module of a bench's graph against the network written straight from its description."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from service.benches import BENCHES, Skeleton, Spec
from service.engine import build
from service.graph import Graph

from .plain import Parameters
from .slow import average_pool, batch_norm, parameters, run
from .small_graphs import GRAPHS, minibatch


class Plain:
    """Layers by slot."""

    def __init__(self, p: Parameters) -> None:
        self.p = p
        self.used: set[str] = set()

    def get(self, name: str) -> Tensor:
        self.used.add(name)
        return self.p[name]

    def conv(self, x: Tensor, slot: str, kernel: int, stride: int = 1) -> Tensor:
        weight = self.get(f"{slot}.conv/weight")
        assert weight.shape[2:] == (kernel, kernel)
        return F.conv2d(x, weight, None, stride, kernel // 2)

    def bn(self, x: Tensor, slot: str) -> Tensor:
        return batch_norm(x, self.get(f"{slot}.bn/weight"), self.get(f"{slot}.bn/bias"))

    def head(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) @ self.get("head/weight").T + self.get("head/bias")

    def relu_conv_bn(self, x: Tensor, slot: str, kernel: int, stride: int = 1) -> Tensor:
        return self.bn(self.conv(x.relu(), slot, kernel, stride), slot)

    def conv_bn_relu(self, x: Tensor, slot: str, kernel: int) -> Tensor:
        return self.bn(self.conv(x, slot, kernel), slot).relu()


def nb201(net: Plain, arch: str, cells: int, x: Tensor) -> Tensor:
    def edge(operation: str, x: Tensor, slot: str) -> Tensor:
        match operation:
            case "none":
                return torch.zeros_like(x)
            case "skip_connect":
                return x
            case "avg_pool_3x3":
                return average_pool(x, 3, 1, 1)
            case _:
                return net.relu_conv_bn(x, slot, int(operation[-1]))

    def cell(x: Tensor, slot: str) -> Tensor:
        nodes = [x]
        for end, group in enumerate(arch.split("+"), 1):
            total = torch.zeros_like(x)
            for named in group.strip("|").split("|"):
                operation, start = named.split("~")
                total = total + edge(operation, nodes[int(start)], f"{slot}.edge{start}-{end}")
            nodes.append(total)
        return nodes[-1]

    x = net.bn(net.conv(x, "stem", 3), "stem")
    for stage in range(3):
        if stage:
            slot = f"reduction{stage - 1}"
            main = net.relu_conv_bn(x, f"{slot}.first", 3, 2)
            main = net.relu_conv_bn(main, f"{slot}.second", 3)
            x = main + net.conv(average_pool(x, 2, 2, 0), f"{slot}.shortcut", 1)
        for number in range(cells):
            x = cell(x, f"stage{stage}.cell{number}")
    return net.head(net.bn(x, "last").relu())


def nb101(net: Plain, spec: Spec, stacks: int, modules: int, x: Tensor) -> Tensor:
    matrix, ops = np.array(spec["matrix"]), spec["ops"]
    assert isinstance(ops, list | tuple)
    last = len(ops) - 1

    def module(x: Tensor, slot: str, channels: int) -> Tensor:
        feeding = [v for v in range(1, last) if matrix[v, last]]
        width: dict[int, int] = {}
        for rank, v in enumerate(feeding):
            width[v] = channels // len(feeding) + (rank < channels % len(feeding))
        for v in reversed(range(1, last)):
            if v not in width:
                width[v] = max(width[u] for u in range(1, last) if matrix[v, u])
        value: dict[int, Tensor] = {}
        for v in range(1, last):
            total = torch.zeros(len(x), width[v], *x.shape[2:], dtype=x.dtype)
            for u in range(1, v):
                if matrix[u, v]:
                    total = total + value[u][:, : width[v]]
            if matrix[0, v]:
                total = total + net.conv_bn_relu(x, f"{slot}.vertex{v}.projection", 1)
            if ops[v] == "maxpool3x3":
                value[v] = F.max_pool2d(total, 3, 1, 1)
            else:
                value[v] = net.conv_bn_relu(total, f"{slot}.vertex{v}", int(ops[v][4]))
        result = torch.zeros(len(x), channels, *x.shape[2:], dtype=x.dtype)
        if feeding:
            result = result + torch.cat([value[v] for v in feeding], 1)
        if matrix[0, last]:
            result = result + net.conv_bn_relu(x, f"{slot}.vertex{last}.projection", 1)
        return result

    x = net.conv_bn_relu(x, "stem", 3)
    channels = x.shape[1]
    for stack in range(stacks):
        if stack:
            x = F.max_pool2d(x, 2)
        for number in range(modules):
            x = module(x, f"stack{stack}.module{number}", channels << stack)
    return net.head(x)


def _specs(bench: str, n: int) -> list[Spec]:
    return [reading.architecture.spec for reading in BENCHES[bench].sample(n, 0)]


def _skeleton(bench: str) -> Skeleton:
    return BENCHES[bench].skeletons["fast"]


def _compare(graph: Graph, plain: Tensor, images: Tensor) -> None:
    logits = build(graph, 5, torch.float64)(images).detach()
    assert logits.shape == (8, 10)
    torch.testing.assert_close(logits, plain, rtol=1e-9, atol=1e-9)


def _images(graph: Graph) -> Tensor:
    return torch.tensor(minibatch(graph, 8)[0], dtype=torch.float64)


@pytest.mark.parametrize("number", range(12))
def test_nb201_is_the_network_of_its_description(number: int) -> None:
    spec, skeleton = _specs("nb201", 12)[number], _skeleton("nb201")
    graph = BENCHES["nb201"].graph(spec, skeleton, 10)
    net = Plain(parameters(graph, 5))
    images = _images(graph)
    _compare(graph, nb201(net, str(spec["arch"]), skeleton["cells"], images), images)
    assert net.used == net.p.keys()


@pytest.mark.parametrize("number", range(12))
def test_nb101_is_the_network_of_its_description(number: int) -> None:
    spec, skeleton = _specs("nb101", 12)[number], _skeleton("nb101")
    graph = BENCHES["nb101"].graph(spec, skeleton, 10)
    net = Plain(parameters(graph, 5))
    images = _images(graph)
    _compare(graph, nb101(net, spec, skeleton["stacks"], skeleton["modules"], images), images)
    assert net.used == net.p.keys()


@pytest.mark.parametrize("name", GRAPHS)
def test_every_operation_computes_what_it_says(name: str) -> None:
    graph = GRAPHS[name]
    images = _images(graph)
    expected = run(graph, parameters(graph, 5), images)[-1]
    module = build(graph, 5, torch.float64)
    torch.testing.assert_close(module(images).detach(), expected, rtol=1e-9, atol=1e-9)
    assert sum(p.numel() for p in module.parameters()) == graph.parameters
    assert module.training


def test_float64_holds_the_float32_weights() -> None:
    single, double = (build(GRAPHS["chain"], 0, dtype) for dtype in (torch.float32, torch.float64))
    for left, right in zip(single.parameters(), double.parameters(), strict=True):
        assert torch.equal(left.double(), right)


def test_building_leaves_torchs_own_generator_alone() -> None:
    state = torch.get_rng_state()
    build(GRAPHS["chain"], 0)
    assert torch.equal(state, torch.get_rng_state())
