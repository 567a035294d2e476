"""What goes through blocks: against the plain version on whole networks, and closed forms."""

from collections.abc import Mapping
from dataclasses import replace
from math import isnan, log, sqrt
from typing import Any

import numpy as np
import pytest
import torch

from service.benches import BENCHES
from service.engine import Measurements
from service.engine.blocks import gaussian_images, measure_blocks, signs
from service.engine.findings import UnmeasurableError
from service.engine.weights import kaiming_weights
from service.graph import (
    Add,
    Builder,
    Convolution,
    Graph,
    Zero,
)
from service.proxies import FORMULAS, UndefinedError, evaluate

from .slow import Slow
from .small_graphs import minibatch
from .sweeping import SEED, bench_graph

OF_BLOCKS = ("expressivity", "progressivity", "trainability")


def _score(name: str, **measured: Any) -> float:
    return FORMULAS[name](replace(Measurements(), **measured))


def _blocks_of(builder: Builder, *ends: int) -> Graph:
    for end in ends:
        builder.end_block(end)
    return builder.graph()


def _measured(graph: Graph) -> Mapping[str, Any]:
    like = torch.empty(16, *graph.shapes[0], dtype=torch.float64)
    with torch.no_grad():
        return measure_blocks(graph, SEED, like)


# Against the plain version, which differentiates the whole network


@pytest.mark.parametrize("bench", sorted(BENCHES))
@pytest.mark.parametrize("number", range(2))
def test_the_networks_of_benches_score_as_their_plain_versions(bench: str, number: int) -> None:
    graph = bench_graph(bench, number)
    images, labels = minibatch(graph)
    found = evaluate(graph, images, labels, SEED, OF_BLOCKS, dtype=torch.float64)
    slow = Slow(graph, images, labels, SEED)
    for proxy in OF_BLOCKS:
        expected = getattr(slow, proxy)()
        if isnan(expected):
            assert proxy in found.undefined
        else:
            assert found.values[proxy] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("bench", sorted(BENCHES))
def test_float32_is_near_float64(bench: str) -> None:
    graph = bench_graph(bench, 1)
    images, labels = minibatch(graph)
    single, double = (
        evaluate(graph, images, labels, SEED, OF_BLOCKS, dtype=dtype).values
        for dtype in (torch.float32, torch.float64)
    )
    assert single == pytest.approx(double, rel=1e-3)


# Closed forms


def test_a_1x1_convolution_has_the_covariance_of_its_images_between_its_weights() -> None:
    """Of white images W Σ Wᵀ, and Σ is theirs."""
    builder = Builder(3, 8, 8)
    graph = _blocks_of(builder, builder.append(Convolution(0, "a", 5, 1)))
    images = gaussian_images(SEED, (16, 3, 8, 8)).astype(np.float64)
    W = kaiming_weights(graph, SEED)["a/weight"].astype(np.float64).reshape(5, 3)
    sigma = np.cov(images.transpose(1, 0, 2, 3).reshape(3, -1), bias=True)
    (found,) = _measured(graph)["block_variances"]
    assert found == pytest.approx(list(np.linalg.eigvalsh(W @ sigma @ W.T)), abs=1e-12)


def test_the_gain_of_what_scales_is_its_factor() -> None:
    """A sum of k times x has g_in = k g_out: s = k times the largest eigenvalue of mean g gᵀ."""
    builder = Builder(4, 8, 8)
    stem = builder.append(Convolution(0, "stem", 6, 1))
    graph = _blocks_of(builder, stem, builder.append(Add((stem,) * 3)))
    g = signs(SEED, 1, (16, 8, 8, 6)).reshape(-1, 6).astype(np.float64)
    largest = np.linalg.eigvalsh(g.T @ g / len(g))[-1]
    assert _measured(graph)["block_gains"] == (pytest.approx(3 * largest, rel=1e-12),)
    # Signs are independent: near to 3, and no block gives less than its factor.
    assert 3 <= 3 * largest < 3.5


def test_a_convolution_that_makes_maps_smaller_has_a_channel_for_each_cell() -> None:
    """Kernel 2 and stride 2: g_in, folded, is Wᵀ g_out, and s that of Wᵀ mean(g gᵀ)."""
    builder = Builder(4, 8, 8)
    stem = builder.append(Convolution(0, "stem", 3, 1))
    graph = _blocks_of(builder, stem, builder.append(Convolution(stem, "down", 5, 2, 2)))
    W = kaiming_weights(graph, SEED)["down/weight"].astype(np.float64).reshape(5, -1)
    g = signs(SEED, 1, (16, 4, 4, 5)).reshape(-1, 5).astype(np.float64)
    expected = np.linalg.norm(W.T @ (g.T @ g / len(g)), 2)
    assert _measured(graph)["block_gains"] == (pytest.approx(expected, rel=1e-12),)


def _dead_end(ending: str) -> Graph:
    builder = Builder(3, 4, 4)
    stem = builder.append(Convolution(0, "stem", 2, 1))
    if ending == "zero":
        return _blocks_of(builder, stem, builder.append(Zero(stem)))
    return _blocks_of(builder, stem, stem)


def test_a_block_that_lets_nothing_through_has_a_gain_of_zero_and_no_variance() -> None:
    found = _measured(_dead_end("zero"))
    assert found["block_gains"] == (0.0,)
    assert found["block_variances"][1] == (0.0, 0.0)


def test_a_block_that_is_the_identity_has_no_gain() -> None:
    assert _measured(_dead_end("identity"))["block_gains"] == (None,)


def test_entropies_of_variances_written_by_hand() -> None:
    """Equal variances have ln C, one alone 0; their scale says nothing."""
    variances = ((0.0, 0.0, 7.0), (2.0, 2.0, 2.0, 2.0), (0.1, 0.3))
    mixed = -0.25 * log(0.25) - 0.75 * log(0.75)
    expressivity = _score("expressivity", block_variances=variances)
    assert expressivity == pytest.approx(log(4) + mixed, abs=1e-6)
    progressivity = _score("progressivity", block_variances=variances)
    assert progressivity == pytest.approx(mixed - log(4), abs=1e-6)
    with pytest.raises(UndefinedError, match="constant"):
        _score("expressivity", block_variances=((1.0, 2.0), (0.0, 0.0)))
    with pytest.raises(UndefinedError, match="one block alone"):
        _score("progressivity", block_variances=((1.0, 2.0),))


def test_trainability_of_gains_written_by_hand() -> None:
    """0 at a gain of 1, less on both sides, and a million where nothing comes through."""
    assert _score("trainability", block_gains=(1.0, 1.0)) == pytest.approx(0, abs=2e-6)
    found = _score("trainability", block_gains=(2.0, 0.5, 1.0))
    assert found == pytest.approx(-1 / 3, abs=1e-5)
    assert _score("trainability", block_gains=(0.0,)) == pytest.approx(2 - 1e6)
    with pytest.raises(UndefinedError, match="identity"):
        _score("trainability", block_gains=(1.0, None))
    with pytest.raises(UndefinedError, match="one block alone"):
        _score("trainability", block_gains=())


def test_a_graph_without_blocks_has_no_scores_of_them() -> None:
    builder = Builder(3, 4, 4)
    builder.append(Convolution(0, "stem", 2, 1))
    with pytest.raises(UnmeasurableError, match="blocks"):
        _measured(builder.graph())


# The random numbers


def test_signs_are_as_often_minus_as_plus_and_independent() -> None:
    drawn = np.stack([signs(0, number, (8, 16, 16, 8)).ravel() for number in range(4)])
    assert set(drawn.ravel().tolist()) == {-1, 1}
    deviation = 1 / sqrt(drawn.shape[1])
    assert np.abs(drawn.mean(1)).max() < 5 * deviation
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 5 * deviation


def test_another_seed_is_another_network_on_other_images() -> None:
    graph = bench_graph("nb201", 1)
    images, labels = minibatch(graph)
    first, again, other = (
        evaluate(graph, images, labels, seed, OF_BLOCKS).values for seed in (0, 0, 1)
    )
    assert first == again
    assert all(first[proxy] != other[proxy] for proxy in OF_BLOCKS)


def test_the_images_of_the_minibatch_say_nothing() -> None:
    graph = bench_graph("nb201", 1)
    images, labels = minibatch(graph)
    found, other = (evaluate(graph, each, labels, 0, OF_BLOCKS) for each in (images, images + 1))
    assert found.values == other.values
