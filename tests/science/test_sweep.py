"""The sweep against autograd and against differences."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from service.benches import BENCHES
from service.engine import Measurements, build, initial_weights, measure
from service.engine.sweep import sweep
from service.graph import Convolution, Graph, Linear

from .random_graphs import random_graphs
from .small_graphs import GRAPHS
from .sweeping import OF_ANY_MODULE, SEED, SMALL, bench_graph, found_of, inputs, swept


def _by_autograd(graph: Graph, passes: frozenset[str] = OF_ANY_MODULE) -> Measurements:
    return measure(build(graph, SEED, torch.float64), *inputs(graph), passes)


def _assert_near(found: Measurements, expected: Measurements, tolerance: float) -> None:
    """Each field within `tolerance` of its largest entry.

    Of a sum that cancels, Σ w⊙g, the scale is what cancels: Σ|w⊙g|.
    """
    left, right = found_of(found), found_of(expected)
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
    _assert_near(swept(SMALL[name], OF_ANY_MODULE), _by_autograd(SMALL[name]), 1e-9)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_graphs())
def test_the_sweep_agrees_with_autograd_on_random_graphs(graph: Graph) -> None:
    # Some layers' gradients are 0 on paper, and how steady their rounding is says nothing.
    passes = OF_ANY_MODULE - {"halves"}
    _assert_near(swept(graph, passes), _by_autograd(graph, passes), 1e-9)


@pytest.mark.parametrize("bench", sorted(BENCHES))
@pytest.mark.parametrize("number", range(3))
def test_the_sweep_agrees_with_autograd_on_the_benches(bench: str, number: int) -> None:
    graph = bench_graph(bench, number)
    # Where the summed logits do not depend on the images, their Jacobian is rounding.
    passes = OF_ANY_MODULE - ({"jacobian"} if graph.output_is_centred else set())
    _assert_near(swept(graph, passes), _by_autograd(graph, passes), 1e-8)


@pytest.mark.parametrize("bench", sorted(BENCHES))
def test_float32_is_near_float64(bench: str) -> None:
    """The float32 kernels are others than the float64 ones."""
    graph = bench_graph(bench, 0)
    single, double = (
        swept(graph, OF_ANY_MODULE, dtype) for dtype in (torch.float32, torch.float64)
    )
    # A pre-activation near 0 may switch its ReLU, which the signs then count.
    agreements = single.agreements, double.agreements
    assert agreements[0] is not None
    assert agreements[1] is not None
    assert (agreements[0] - agreements[1]).abs().max() <= 1e-4 * agreements[1].max()
    # Where two gradients nearly meet, one number outweighs a layer: the sum of logarithms is read.
    variations = single.inverse_variations, double.inverse_variations
    assert variations[0] is not None
    assert variations[1] is not None
    sums = [np.log(each).sum() for each in variations]
    assert sums[0] == pytest.approx(sums[1], rel=0.02)
    # The switch moves gradients too, the more the fewer pixels the last maps have.
    _assert_near(_without(single), _without(double), 5e-3)


def _without(measurements: Measurements) -> Measurements:
    left_out = {"agreements", "distinct_columns", "inverse_variations"}
    found = found_of(measurements)
    return Measurements(**{field: found[field] for field in found.keys() - left_out})


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
        images, labels = inputs(graph)
        return float(torch.nn.functional.cross_entropy(network(images), labels))


STEP = 1e-6
"""Too small for a ReLU to switch or a maximum to move."""


@pytest.mark.parametrize("name", ["no_batch_norm", "strided", "max_pools", "concat_and_crop"])
def test_saliencies_are_slopes_of_the_loss(name: str) -> None:
    graph = GRAPHS[name]
    measured = swept(graph)
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
        sweep(graph, _scaled(graph, t), *inputs(graph), frozenset({"loss"}), SEED).gradient_norms
        for t in (STEP, -STEP)
    )
    measured = swept(graph).curvatures
    assert ahead is not None
    assert behind is not None
    assert measured is not None
    # In these weights, not in scaled ones: w(1 + t) has the gradient g(t), whatever its scale.
    slopes = [(a**2 - b**2) / (4 * STEP) for a, b in zip(ahead, behind, strict=True)]
    assert slopes == pytest.approx(list(measured), rel=1e-5, abs=1e-9)


def test_unknown_passes_are_refused() -> None:
    with pytest.raises(ValueError, match="no such passes: flops, hessian"):
        swept(GRAPHS["chain"], frozenset({"loss", "flops", "hessian"}))
