"""Networks and images so small that a run takes a tenth of a second."""

import numpy as np

from service.engine import initial_weights
from service.graph import (
    AveragePool,
    Builder,
    Convolution,
    GlobalAveragePool,
    Graph,
    Linear,
)
from service.training.recipe import Recipe
from service.training.run import Epoch, train
from service.training.split import Split

SIDE = 8
MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.3, 0.2)


def recipe(epochs: int = 3, **fields: float) -> Recipe:
    asked = {"schedule_epochs": 6, "batch_size": 8, "channels": 4, "resolution": 4, **fields}
    return Recipe(epochs=epochs, **asked)  # type: ignore[arg-type]


def network(resolution: int = 4, classes: int = 3, channels: int = 4) -> Graph:
    """A stem with batch norm, a residual of a strided convolution, and a head."""
    builder = Builder(3, resolution, resolution)
    stem = builder.convolution_bn(builder.input, "stem", channels, 3)
    main = builder.relu_convolution_bn(stem, "main", channels, 3, stride=2)
    pooled = builder.append(AveragePool(stem, 2, 2))
    shortcut = builder.append(Convolution(pooled, "shortcut", channels, 1))
    value = builder.append(GlobalAveragePool(builder.total([main, shortcut])))
    builder.append(Linear(value, "head", classes))
    return builder.graph()


def linear(resolution: int, classes: int) -> Graph:
    """The mean colour of an image, and a linear layer."""
    builder = Builder(3, resolution, resolution)
    builder.append(Linear(builder.append(GlobalAveragePool(builder.input)), "head", classes))
    return builder.graph()


def noise(train: int = 21, test: int = 10, classes: int = 3, seed: int = 0) -> Split:
    generator = np.random.default_rng(seed)

    def images(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return generator.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)

    return Split(
        images(train),
        generator.integers(0, classes, train),
        images(test),
        generator.integers(0, classes, test),
        MEAN,
        STD,
        classes,
    )


def bright_and_dark(train: int = 64, test: int = 40) -> Split:
    """Noise around a third of the brightness, class 0, or around two thirds, class 1."""
    generator = np.random.default_rng(1)
    labels = generator.permutation(np.arange(train + test) % 2)
    images = generator.integers(0, 128, (train + test, SIDE, SIDE, 3))
    images = (images + 64 * labels[:, None, None, None]).astype(np.uint8)
    return Split(
        images[:train], labels[:train], images[train:], labels[train:], MEAN, STD, classes=2
    )


def epochs(graph: Graph, asked: Recipe, split: Split) -> list[Epoch]:
    """All of a run from the weights of seed 0."""
    run = train(graph, initial_weights(graph, 0), asked, split)
    return [each for each in run if each is not None]
