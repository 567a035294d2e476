"""zen: closed forms, and what it does not depend on."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from service.engine import Measurements, build
from service.engine.gaussian import gaussian
from service.engine.perturbation import UNKNOWN_FEATURES, perturbed_images
from service.engine.weights import gaussian_weights
from service.graph import BatchNorm, Builder, Convolution, GlobalAveragePool, Graph, Linear, Zero
from service.proxies import FORMULAS, Undefined, UndefinedError, evaluate, score

from .small_graphs import GRAPHS, linear, minibatch

SEED = 11


def _zen(graph: Graph, seed: int = SEED, dtype: torch.dtype = torch.float64) -> float:
    found = evaluate(graph, *minibatch(graph), seed, ["zen"], dtype=dtype)
    assert found.undefined == {}
    return found.values["zen"]


def _network(norms: bool) -> Graph:
    """A 1×1 convolution, with or without a batch norm, a pool and a head."""
    builder = Builder(3, 8, 8)
    value = builder.append(Convolution(builder.input, "a", 4, 1, 1, 0))
    if norms:
        value = builder.append(BatchNorm(value, "a/norm"))
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", 5))
    return builder.graph()


def test_measurements_written_by_hand() -> None:
    def formula(distance: float, *variances: float) -> float:
        measurements = replace(Measurements(), feature_distance=distance, norm_variances=variances)
        return FORMULAS["zen"](measurements)

    assert formula(7.0, 4.0, 9.0) == pytest.approx(log(7 * 2 * 3))
    assert formula(7.0) == pytest.approx(log(7))
    with pytest.raises(UndefinedError, match="features do not move"):
        formula(0.0, 4.0)
    with pytest.raises(UndefinedError, match="reads a constant"):
        formula(7.0, 4.0, 0.0)


def test_images_that_are_pooled_at_once_move_by_the_noise() -> None:
    images, _ = minibatch(linear())
    noise = gaussian(f"{SEED}/zen/noise", images.shape).astype(np.float64)
    expected = log(0.01 * np.abs(noise).sum() / len(images))
    assert _zen(linear()) == pytest.approx(expected, rel=1e-6)


def test_one_convolution_moves_by_itself_of_the_noise() -> None:
    """Without a norm it is linear; a norm divides by deviations, which the second term undoes."""
    images, _ = minibatch(_network(norms=False))
    W = gaussian_weights(_network(norms=False), SEED)["a/weight"][:, :, 0, 0].astype(np.float64)
    x, moved = (
        np.einsum("kc,nchw->nkhw", W, each) for each in perturbed_images(SEED, images.shape)
    )
    expected = log(np.abs(moved - x).sum() / len(images))
    assert _zen(_network(norms=False)) == pytest.approx(expected, rel=1e-6)
    y, y_moved = (
        (each - each.mean((0, 2, 3), keepdims=True))
        / np.sqrt(each.var((0, 2, 3), keepdims=True) + 1e-5)
        for each in (x, moved)
    )
    expected = log(np.abs(y_moved - y).sum() / len(images)) + log(x.var((0, 2, 3)).mean()) / 2
    assert _zen(_network(norms=True)) == pytest.approx(expected, rel=1e-6)


def test_neither_images_nor_labels_count_and_the_seed_does() -> None:
    graph = GRAPHS["residual"]
    images, labels = minibatch(graph)
    expected = _zen(graph)
    found = evaluate(graph, images * 3 + 1, labels[::-1].copy(), SEED, ["zen"], dtype=torch.float64)
    assert found.values["zen"] == expected
    assert _zen(graph, SEED + 1) != expected
    assert _zen(graph, dtype=torch.float32) == pytest.approx(expected, rel=1e-6)


def test_a_batch_norm_of_a_constant_has_no_score() -> None:
    for dtype in (torch.float32, torch.float64):
        builder = Builder(3, 8, 8)
        nothing = builder.append(BatchNorm(builder.append(Zero(builder.input)), "norm"))
        both = builder.total([builder.input, nothing])
        builder.append(Linear(builder.append(GlobalAveragePool(both)), "head", 5))
        graph = builder.graph()
        found = evaluate(graph, *minibatch(graph), SEED, ["zen"], dtype=dtype)
        assert found.undefined == {"zen": "a batch norm reads a constant"}


def test_a_module_has_no_features_that_are_known() -> None:
    images, labels = (torch.tensor(each) for each in minibatch(GRAPHS["residual"]))
    found = score(build(GRAPHS["residual"], 0), images, labels, ["zen", "params"])
    assert found["zen"] == Undefined(UNKNOWN_FEATURES)
    assert isinstance(found["params"], float)
