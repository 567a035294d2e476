"""The sweep against autograd, against differences, and against itself."""

import gc
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor

from service.benches import BENCHES
from service.engine import Measurements, build, initial_weights, measure
from service.engine.sweep import SWEPT, sweep
from service.graph import Add, Builder, Concat, Convolution, Graph, Linear, MaxPool

from .random_graphs import random_graphs
from .small_graphs import GRAPHS, dead, graph, linear, minibatch

SEED = 11


def _pooled_convolution(b: Builder, x: int) -> int:
    return b.append(MaxPool(b.append(Convolution(x, "a", 6, 3, 1, 1)), 3, 1, 1))


SMALL = {
    **GRAPHS,
    "linear": linear(),
    "dead": dead(),
    # The sum is the only reader of the pool's value, and must not overwrite what it reads again.
    "two_degrees": graph(lambda b, x: b.append(Add((_pooled_convolution(b, x), x)))),
    "uneven_concat": graph(lambda b, x: b.append(Concat((x, _pooled_convolution(b, x))))),
}


def _inputs(graph: Graph, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    images, labels = minibatch(graph)
    return torch.tensor(images, dtype=dtype), torch.tensor(labels)


def _swept(
    graph: Graph, passes: frozenset[str] = SWEPT, dtype: torch.dtype = torch.float64
) -> Measurements:
    return sweep(graph, initial_weights(graph, SEED), *_inputs(graph, dtype), passes)


def _by_autograd(graph: Graph, dtype: torch.dtype = torch.float64) -> Measurements:
    return measure(build(graph, SEED, dtype), *_inputs(graph, dtype), SWEPT)


def _found(measurements: Measurements) -> dict[str, Any]:
    """What was measured, by field."""
    every = {each.name: getattr(measurements, each.name) for each in fields(measurements)}
    return {
        name: value
        for name, value in every.items()
        if value is not None and name not in ("seconds", "unmeasured")
    }


def _assert_near(found: Measurements, expected: Measurements, tolerance: float) -> None:
    """Each field within `tolerance` of its largest entry.

    Of a sum that cancels, Σ w⊙g, the scale is what cancels: Σ|w⊙g|.
    """
    left, right = _found(found), _found(expected)
    assert left.keys() == right.keys()
    scales = {"saliencies": right["absolute_saliencies"]}
    for field in left:
        ours = torch.as_tensor(left[field], dtype=torch.float64)
        theirs = torch.as_tensor(right[field], dtype=torch.float64)
        scale = torch.as_tensor(scales.get(field, theirs), dtype=torch.float64).abs().max()
        assert ours.shape == theirs.shape, field
        # Below 1e-24 there is nothing but rounding: what is exactly 0 on paper.
        assert (ours - theirs).abs().max() <= tolerance * scale + 1e-24, field


# Against autograd


@pytest.mark.parametrize("name", SMALL)
def test_the_sweep_agrees_with_autograd(name: str) -> None:
    _assert_near(_swept(SMALL[name]), _by_autograd(SMALL[name]), 1e-9)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_graphs())
def test_the_sweep_agrees_with_autograd_on_random_graphs(graph: Graph) -> None:
    _assert_near(_swept(graph), _by_autograd(graph), 1e-9)


@pytest.mark.parametrize("bench", sorted(BENCHES))
@pytest.mark.parametrize("number", range(3))
def test_the_sweep_agrees_with_autograd_on_the_benches(bench: str, number: int) -> None:
    graph = _bench_graph(bench, number)
    _assert_near(_swept(graph), _by_autograd(graph), 1e-9)


@pytest.mark.parametrize("bench", sorted(BENCHES))
def test_float32_is_near_float64(bench: str) -> None:
    """The float32 kernels are others than the float64 ones."""
    graph = _bench_graph(bench, 0)
    single, double = (_swept(graph, dtype=dtype) for dtype in (torch.float32, torch.float64))
    # A pre-activation near 0 may switch its ReLU, which the signs then count.
    agreements = single.agreements, double.agreements
    assert agreements[0] is not None
    assert agreements[1] is not None
    assert (agreements[0] - agreements[1]).abs().max() <= 1e-4 * agreements[1].max()
    _assert_near(_without(single), _without(double), 1e-3)


def _bench_graph(bench: str, number: int) -> Graph:
    asked = BENCHES[bench]
    spec = asked.sample(number + 1, 3)[number].architecture.spec
    return asked.graph(spec, asked.skeletons["fast"], 5)


def _without(measurements: Measurements) -> Measurements:
    return Measurements(**{k: v for k, v in _found(measurements).items() if k != "agreements"})


# Against differences


def _scaled(graph: Graph, t: float, only: str | None = None) -> dict[str, Any]:
    """The weights times 1 + t, biases and batch norms as they are; of all layers or of one."""
    return {
        name: array.astype(np.float64) * (1 + t if _scales(name, array.ndim, only) else 1)
        for name, array in initial_weights(graph, SEED).items()
    }


def _scales(name: str, dimensions: int, only: str | None) -> bool:
    slot = name.removesuffix("/weight")
    return dimensions > 1 and only in (None, slot)


def _loss(graph: Graph, weights: Mapping[str, Any]) -> float:
    network = build(graph, SEED, torch.float64)
    with torch.no_grad():
        for parameter, name in zip(network.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(weights[name]))
        images, labels = _inputs(graph)
        return float(torch.nn.functional.cross_entropy(network(images), labels))


STEP = 1e-6
"""Too small for a ReLU to switch or a maximum to move."""


@pytest.mark.parametrize("name", ["no_batch_norm", "strided", "max_pools", "concat_and_crop"])
def test_saliencies_are_slopes_of_the_loss(name: str) -> None:
    graph = GRAPHS[name]
    measured = _swept(graph)
    slots = [each.slot for each in graph.operations if isinstance(each, Convolution | Linear)]
    assert measured.saliencies is not None
    for slot, saliency in zip(slots, measured.saliencies, strict=True):
        ahead, behind = (_loss(graph, _scaled(graph, t, slot)) for t in (STEP, -STEP))
        assert (ahead - behind) / (2 * STEP) == pytest.approx(saliency, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("name", ["no_batch_norm", "strided", "max_pools", "concat_and_crop"])
def test_curvatures_are_half_the_slopes_of_the_squared_gradients(name: str) -> None:
    """⟨g, Hw⟩ of a layer, as all weights scale."""
    graph = GRAPHS[name]
    ahead, behind = (
        sweep(graph, _scaled(graph, t), *_inputs(graph), frozenset({"loss"})).gradient_norms
        for t in (STEP, -STEP)
    )
    measured = _swept(graph).curvatures
    assert ahead is not None
    assert behind is not None
    assert measured is not None
    # In these weights, not in scaled ones: w(1 + t) has the gradient g(t), whatever its scale.
    slopes = [(a**2 - b**2) / (4 * STEP) for a, b in zip(ahead, behind, strict=True)]
    assert slopes == pytest.approx(list(measured), rel=1e-5, abs=1e-9)


# Bit for bit


def _bits(measurements: Measurements) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, Tensor) else value
        for name, value in _found(measurements).items()
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", sorted(SWEPT))
def test_each_pass_alone_gives_the_same_bits_and_nothing_else(
    name: str, dtype: torch.dtype
) -> None:
    for each in (GRAPHS["shared"], GRAPHS["unread"], _bench_graph("nb201", 0)):
        alone = _bits(_swept(each, frozenset({name}), dtype))
        together = _bits(_swept(each, dtype=dtype))
        assert alone.keys() == READS[name]
        assert alone == {field: together[field] for field in alone}


READS = {
    "weights": {"weight_norms"},
    "loss": {"gradient_norms", "saliencies", "absolute_saliencies"},
    "fisher": {"channel_saliencies", "filter_sizes"},
    "curvature": {"curvatures"},
    "jacobian": {"jacobian_gram", "labels"},
    "patterns": {"agreements"},
    "synflow": {"synaptic_flows"},
}


def test_any_order_gives_the_same_bits() -> None:
    """200 random orders: nothing that one network leaves behind reaches another."""
    names = ["concat_and_crop", "average_pool", "max_pools", "strided"]
    alone = {name: _bits(_swept(GRAPHS[name], dtype=torch.float32)) for name in names}
    order = np.random.default_rng(0)
    for _ in range(200):
        for name in order.permutation(names):
            assert _bits(_swept(GRAPHS[name], dtype=torch.float32)) == alone[name]


PRINT = """
import torch
torch.set_num_threads(1)
from tests.science.small_graphs import GRAPHS
from tests.science.test_sweep import _bits, _swept
print(repr(_bits(_swept(GRAPHS["max_pools"], dtype=torch.float32))))
"""


def test_a_fresh_process_gives_the_same_bits() -> None:
    for name in ("chain", "strided"):
        _swept(GRAPHS[name])
    printed = subprocess.run(
        [sys.executable, "-c", PRINT], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == repr(_bits(_swept(GRAPHS["max_pools"], dtype=torch.float32)))


def test_nothing_stays_behind() -> None:
    graph = GRAPHS["residual"]
    weights, (images, labels) = initial_weights(graph, SEED), _inputs(graph, torch.float32)
    before = {name: array.copy() for name, array in weights.items()}
    seen = images.clone()
    sweep(graph, weights, images, labels, SWEPT)
    tensors = _tensors()
    sweep(graph, weights, images, labels, SWEPT)
    assert _tensors() == tensors
    assert torch.equal(images, seen)
    assert all(np.array_equal(weights[name], before[name]) for name in weights)


def test_nothing_reads_what_nobody_wrote() -> None:
    """With every allocation full of NaN first, the same bits."""
    before = [_bits(_swept(each, dtype=torch.float32)) for each in SMALL.values()]
    assert torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    try:
        filled = [_bits(_swept(each, dtype=torch.float32)) for each in SMALL.values()]
    finally:
        torch.use_deterministic_algorithms(False)
    assert filled == before


def _tensors() -> int:
    gc.collect()
    return sum(issubclass(type(each), Tensor) for each in gc.get_objects())


# What is run


def test_only_the_walks_that_are_asked_for_are_walked() -> None:
    graph = GRAPHS["residual"]
    assert _swept(graph, frozenset({"patterns"})).seconds.keys() == {"forward"}
    assert _swept(graph, frozenset({"weights", "synflow"})).seconds.keys() == {"weights", "synflow"}
    assert _swept(graph).seconds.keys() == {"weights", "forward", "jacobian", "loss", "synflow"}


def test_unknown_passes_are_refused() -> None:
    with pytest.raises(ValueError, match="no such passes: flops, hessian"):
        _swept(GRAPHS["chain"], frozenset({"loss", "flops", "hessian"}))
