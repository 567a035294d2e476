"""What reduced training costs, beside what is published."""

from dataclasses import replace

import numpy as np
import pytest

from service.benches import BENCHES
from service.training.cost import minibatches, minibatches_of, multiply_adds_of
from service.training.protocols import Images, protocol
from service.training.recipe import ECONAS, NAMED, Recipe

CIFAR10 = Images(50_000, "train", "test")


def on_cifar10(bench: str, recipe: Recipe) -> int | None:
    return minibatches_of(protocol(bench, recipe, "cifar10", 10, CIFAR10, 0))


def test_they_cost_what_is_published() -> None:
    full = replace(ECONAS, channels=16, resolution=32)
    costs = [on_cifar10("nb201", replace(full, epochs=epochs)) for epochs in (1, 5, 10, 20, 40)]
    assert costs == [196, 980, 1960, 3920, 7840]
    assert costs == [minibatches(epochs, 50_000, 1) for epochs in (1, 5, 10, 20, 40)]
    named = {name: on_cifar10("nb201", recipe) for name, recipe in NAMED.items()}
    assert named == {"econas": 980, "econas_plus": 891}
    assert on_cifar10("nb201", replace(ECONAS, samples=800)) == 20  # 20 epochs of 4, a quarter each


def test_nobody_has_published_the_others() -> None:
    assert on_cifar10("nb201", replace(ECONAS, channels=5)) is None
    assert on_cifar10("nb101", ECONAS) is None


@pytest.mark.parametrize("bench", BENCHES)
def test_multiply_adds_are_three_forwards_of_every_image(bench: str) -> None:
    found = BENCHES[bench]
    recipe = replace(ECONAS, epochs=7, samples=90)
    asked = protocol(bench, recipe, "toy", 3, Images(100, "a", "b"), 0)
    drawn = [each.architecture.spec for each in found.sample(501, 0)]
    of_image = np.median([found.size(spec, asked.skeleton, 3).flops for spec in drawn])
    assert multiply_adds_of(asked) == 3 * 7 * 90 * of_image
