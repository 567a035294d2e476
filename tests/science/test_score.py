"""`score` against plain versions, against differences, and against `evaluate`."""

from collections.abc import Callable, Mapping
from math import isnan

import pytest
import torch
from torch import Tensor, nn

from service.benches import BENCHES
from service.catalogue import OF_ANY_MODULE
from service.engine import build
from service.proxies import Undefined, evaluate, score

from .menagerie import ZOO, born, minibatch
from .sheet import PlainMember
from .small_graphs import GRAPHS, dead
from .small_graphs import minibatch as minibatch_of_graph


@pytest.mark.parametrize("name", ZOO)
def test_every_proxy_of_the_catalogue_equals_its_plain_version(name: str) -> None:
    member = born(name)
    images, labels = minibatch(member)
    found = score(member, images, labels)
    assert list(found) == list(OF_ANY_MODULE)
    plain = PlainMember(member, images, labels)
    for proxy, value in found.items():
        expected = plain.score(proxy)
        if isnan(expected):
            assert isinstance(value, Undefined), proxy
            continue
        assert isinstance(value, float), (proxy, value)
        # plain is what is left of a sum that cancels: its error is one of the sum of magnitudes.
        scale = plain.snip() if proxy == "plain" else abs(expected)
        assert abs(value - expected) <= 1e-6 * scale, (proxy, value, expected)


# Against differences, which know no autograd but the loss gradient's


@pytest.mark.parametrize("name", ["Biases", "Mobile", "Shared", "Tied", "InPlace", "Standardised"])
def test_plain_snip_and_grasp_are_slopes_along_the_weights(name: str) -> None:
    """The step is too small for a ReLU to switch."""
    member = born(name)
    images, labels = minibatch(member)
    found = score(member, images, labels, ["plain", "snip", "grasp"])
    network = PlainMember(member, images, labels)
    weights, step = network.values(), 1e-8

    def gradients(at: list[Tensor]) -> list[Tensor]:
        at = [w.clone().requires_grad_() for w in at]
        return list(torch.autograd.grad(network.loss(at), at, materialize_grads=True))

    def slope(of: Callable[[list[Tensor]], float], along: list[Tensor]) -> float:
        ahead, behind = (
            of([w + sign * step * d for w, d in zip(weights, along, strict=True)])
            for sign in (1, -1)
        )
        return (ahead - behind) / (2 * step)

    def loss(at: list[Tensor]) -> float:
        return network.loss(at).item()

    def half_squared_gradient(at: list[Tensor]) -> float:
        return sum(float((g**2).sum()) for g in gradients(at)) / 2

    signed = [w.abs() * g.sign() for w, g in zip(weights, gradients(weights), strict=True)]
    snip = slope(loss, signed)
    assert found["snip"] == pytest.approx(snip, rel=1e-5)
    assert found["plain"] == pytest.approx(slope(loss, weights), abs=1e-5 * snip)
    assert found["grasp"] == pytest.approx(-slope(half_squared_gradient, weights), rel=1e-5)


# Against the networks of graphs


@pytest.mark.parametrize("name", GRAPHS)
def test_the_network_of_a_graph_scores_as_the_graph_does(name: str) -> None:
    images, labels = minibatch_of_graph(GRAPHS[name])
    network = build(GRAPHS[name], 5, torch.float64)
    found = score(network, torch.tensor(images).double(), torch.tensor(labels))
    expected = evaluate(GRAPHS[name], images, labels, 5, tuple(OF_ANY_MODULE), dtype=torch.float64)
    assert expected.undefined == {}
    _assert_same(found, expected.values)


@pytest.mark.parametrize("bench", BENCHES)
def test_the_network_of_a_bench_scores_as_the_bench_does(bench: str) -> None:
    for reading in BENCHES[bench].sample(3, 1):
        skeleton = BENCHES[bench].skeletons["fast"]
        graph = BENCHES[bench].graph(reading.architecture.spec, skeleton, 10)
        images, labels = minibatch_of_graph(graph)
        network = build(graph, 0, torch.float64)
        found = score(network, torch.tensor(images).double(), torch.tensor(labels))
        expected = evaluate(graph, images, labels, 0, tuple(OF_ANY_MODULE), dtype=torch.float64)
        undefined = {name for name, each in found.items() if isinstance(each, Undefined)}
        assert undefined == expected.undefined.keys()
        _assert_same({name: found[name] for name in found.keys() - undefined}, expected.values)


def _assert_same(found: Mapping[str, float], expected: Mapping[str, float]) -> None:
    """Autograd's and the sweep's, up to rounding; plain is what is left of a sum that cancels."""
    assert found.keys() == expected.keys()
    for proxy, value in expected.items():
        scale = abs(expected["snip"]) if proxy == "plain" else abs(value)
        assert abs(found[proxy] - value) <= 1e-9 * scale, proxy


def test_a_graph_without_a_path_scores_as_it_does() -> None:
    images, labels = minibatch_of_graph(dead())
    found = score(build(dead(), 0), torch.tensor(images), torch.tensor(labels))
    expected = evaluate(dead(), images, labels, 0, tuple(OF_ANY_MODULE))
    assert found == {
        **expected.values,
        **{proxy: Undefined(reason) for proxy, reason in expected.undefined.items()},
    }


# What is asked for


def test_what_is_asked_for_in_the_order_asked_and_the_same_alone() -> None:
    member = born("Dropped")
    images, labels = minibatch(member)
    together = score(member, images, labels)
    assert list(score(member, images, labels, ["snip", "params", "snip"])) == ["snip", "params"]
    for proxy, value in together.items():
        assert score(member, images, labels, [proxy]) == {proxy: pytest.approx(value, rel=1e-12)}


def test_two_calls_give_the_same_bits_and_another_seed_other_random_layers() -> None:
    member = born("Dropped")
    images, labels = minibatch(member)
    first = score(member, images, labels)
    torch.rand(3)
    assert score(member, images, labels) == first
    other = score(member, images, labels, seed=1)
    assert {name for name in first if first[name] != other[name]} == {
        *OF_ANY_MODULE.keys() - {"params", "flops", "l2_norm"}
    }


def test_float32_is_near_float64() -> None:
    member = born("Biases")
    images, labels = minibatch(member)
    double = score(member, images, labels)
    single = score(member.float(), images.float(), labels)
    assert single == pytest.approx(double, rel=1e-3)


def test_an_undefined_score_is_no_number() -> None:
    undefined = Undefined("no path")
    assert not isinstance(undefined, float)
    assert str(undefined) == "undefined: no path"
    with pytest.raises(TypeError):
        float(undefined)  # type: ignore[arg-type]


# The Jacobian of a sum that does not depend on the images


def _centred(depth: int, *last: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)]
    for _ in range(depth - 1):
        body += [nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)]
    return nn.Sequential(*body, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("depth", [1, 2, 12])
@pytest.mark.parametrize("size", [8, 32])
def test_the_jacobian_of_a_centred_sum_is_no_jacobian(
    size: int, depth: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(32, 3, size, size, generator=generator, dtype=dtype)
    labels = torch.arange(32) % 5
    asked = ["jacob_cov", "epe_nas", "grad_norm", "nwot"]
    found = score(_centred(depth).to(dtype), images, labels, asked)
    assert found["jacob_cov"] == found["epe_nas"] == Undefined("constant Jacobian row: image 0")
    assert isinstance(found["grad_norm"], float)
    through_relu = score(_centred(depth, nn.ReLU()).to(dtype), images, labels, asked)
    assert all(isinstance(value, float) for value in through_relu.values())


def test_so_is_that_of_probabilities() -> None:
    images, labels = minibatch(born("Biases"))
    found = score(nn.Sequential(born("Biases"), nn.Softmax(1)), images, labels, ["jacob_cov"])
    assert found["jacob_cov"] == Undefined("constant Jacobian row: image 0")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", ["Biases", "InPlace", "Shared", "FunctionsAlone", "NoLayers"])
def test_a_gpu_gives_the_same_and_its_random_state_is_kept(name: str) -> None:
    member = born(name)
    images, labels = minibatch(member)
    expected = score(member, images, labels)
    torch.cuda.manual_seed(3)
    state = torch.cuda.get_rng_state()
    found = score(member.cuda(), images.cuda(), labels)
    assert torch.equal(torch.cuda.get_rng_state(), state)
    assert found == {
        proxy: value if isinstance(value, Undefined) else pytest.approx(value, rel=1e-6)
        for proxy, value in expected.items()
    }
