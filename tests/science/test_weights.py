from hashlib import sha256
from math import sqrt

import numpy as np
import pytest

from service.engine import initial_weights
from service.graph import Builder, Convolution, GlobalAveragePool, Graph, Linear, ReLU


def _graph(*slots: str, channels: int = 64) -> Graph:
    builder = Builder(channels, 4, 4)
    value = builder.input
    for slot in slots:
        value = builder.append(ReLU(builder.convolution_bn(value, slot, channels, 3)))
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", 10))
    return builder.graph()


def test_weights_are_uniform_within_one_over_the_root_of_the_fan_in() -> None:
    weights = initial_weights(_graph("a"), 0)["a.conv/weight"]
    bound = 1 / sqrt(64 * 9)
    assert weights.dtype == np.float32
    assert weights.shape == (64, 64, 3, 3)
    assert np.abs(weights).max() <= np.float32(bound)
    unit = weights.astype(np.float64).ravel() / bound
    assert unit.min() < -0.999
    assert unit.max() > 0.999
    # Five standard errors of 36,864 draws.
    assert abs(unit.mean()) < 5 * sqrt(1 / 3 / unit.size)
    assert abs((unit**2).mean() - 1 / 3) < 5 * sqrt(4 / 45 / unit.size)
    assert abs((unit[:-1] * unit[1:]).mean()) < 5 * sqrt(1 / 9 / unit.size)


def test_a_linear_layer_has_the_bounds_of_its_fan_in_and_batch_norm_is_the_identity() -> None:
    weights = initial_weights(_graph("a"), 0)
    for name, shape in (("head/weight", (10, 64)), ("head/bias", (10,))):
        assert weights[name].shape == shape
        assert 1 / 16 < np.abs(weights[name]).max() <= 1 / 8
    np.testing.assert_array_equal(weights["a.bn/weight"], np.ones(64))
    np.testing.assert_array_equal(weights["a.bn/bias"], np.zeros(64))


def test_a_slot_is_independent_of_the_rest_of_the_network() -> None:
    alone = initial_weights(_graph("b"), 7)
    together = initial_weights(_graph("a", "b", "c"), 7)
    for name in alone:
        np.testing.assert_array_equal(alone[name], together[name])
    correlation = np.corrcoef([together[f"{slot}.conv/weight"].ravel() for slot in "abc"]) - np.eye(
        3
    )
    assert np.abs(correlation).max() < 5 / sqrt(together["a.conv/weight"].size)


def test_another_seed_changes_every_random_array() -> None:
    first, second = (initial_weights(_graph("a", "b"), seed) for seed in (0, 1))
    for name in first:
        assert np.array_equal(first[name], second[name]) == (".bn/" in name)


def test_the_stream_is_that_of_a_new_philox_with_the_hashed_key() -> None:
    key = int.from_bytes(sha256(b"3/a.conv/weight").digest()[:16], "little")
    words = np.random.Philox(key=key).random_raw(64 * 64 * 9 // 2)
    halves = np.stack([words & 0xFFFFFFFF, words >> 32], 1).ravel()
    expected = (2 * (halves >> 8) / 2**24 - 1).astype(np.float32) * np.float32(1 / sqrt(576))
    found = initial_weights(_graph("z", "a"), 3)["a.conv/weight"]
    np.testing.assert_array_equal(found.ravel(), expected)


def test_weights_are_the_same_on_every_machine_and_in_every_release() -> None:
    weights = initial_weights(_graph("a", channels=5), 0)
    digests = {
        name: sha256(weights[name].astype("<f4").tobytes()).hexdigest()[:16]
        for name in ("a.conv/weight", "head/weight", "head/bias")
    }
    assert digests == PINNED


PINNED = {
    "a.conv/weight": "78b434cf52474c54",
    "head/weight": "c6b97a7a0a6be7e0",
    "head/bias": "67c6ccdc9e08e9c0",
}


def test_one_slot_for_two_operations_is_refused() -> None:
    builder = Builder(3, 4, 4)
    builder.append(Convolution(builder.append(Convolution(0, "a", 3, 1)), "a", 3, 1))
    with pytest.raises(ValueError, match="slot a"):
        initial_weights(builder.graph(), 0)
