"""How long a training will take, from a few of its batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter
from typing import Any, Self

import numpy as np

from service.benches import BENCHES, Architecture
from service.engine import initial_weights
from service.graph import Graph
from service.training.cost import minibatches
from service.training.protocols import recipe_named
from service.training.recipe import Recipe
from service.training.run import train
from service.training.split import Split

TIMED = 4
"""Batches; the first one makes the network ready and does not count."""


@dataclass(frozen=True)
class Asked:
    """A protocol of reduced training as the service describes it."""

    name: str
    bench: str
    recipe: Recipe
    skeleton: Mapping[str, int]
    classes: int
    images: int
    tests: int

    @classmethod
    def of(cls, described: Mapping[str, Any], bench: str, tests: int) -> Self:
        recipe = recipe_named(described["name"])
        assert recipe is not None
        skeleton, classes = described["skeleton"], described["classes"]
        images = described["training"]["images"]
        return cls(described["name"], bench, recipe, skeleton, classes, images, tests)

    def graph(self, architecture: Architecture) -> Graph:
        return BENCHES[self.bench].graph(architecture.spec, self.skeleton, self.classes)

    def multiply_adds(self, architecture: Architecture) -> int:
        return self.graph(architecture).flops


def seconds(asked: Asked, architecture: Architecture) -> float:
    """Of a whole training on one thread: its batches are timed on noise."""
    size = min(asked.recipe.batch_size, asked.images)
    random = np.random.default_rng(0)

    def noise(count: int) -> tuple[Any, Any]:
        pixels = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        return pixels, np.arange(count) % asked.classes

    split = Split(*noise(TIMED * size), *noise(size), (0.5,) * 3, (0.2,) * 3, asked.classes)
    graph = asked.graph(architecture)
    width, resolution = asked.recipe.channels, asked.recipe.resolution
    timed = Recipe(epochs=1, channels=width, resolution=resolution, batch_size=size)
    marks = [perf_counter()]
    marks += [perf_counter() for _ in train(graph, initial_weights(graph, 0), timed, split)]
    took = np.diff(marks)
    of_batch, of_test = median(took[1:TIMED]), took[TIMED]
    epoch = ceil(asked.images / size) * of_batch + ceil(asked.tests / size) * of_test
    return float(asked.recipe.epochs * epoch)


def minibatches_of(protocol: str, bench: str, images: int) -> int | None:
    """As the literature counts; None where nobody has published what such networks take."""
    recipe = recipe_named(protocol)
    assert recipe is not None
    relative = BENCHES[bench].relative_times.get((recipe.channels, recipe.resolution))
    return None if relative is None else minibatches(recipe.epochs, images, relative)


def duration(of_seconds: float) -> str:
    minutes = of_seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
