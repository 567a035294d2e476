"""Images to train on and images to test on."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from service.engine.streams import stream
from service.minibatch import Channels
from service.minibatch.turns import in_turns
from service.training.recipe import Recipe


@dataclass(frozen=True)
class Split:
    """Square images uint8 (M, S, S, 3) and (K, S', S', 3), labels int64 (M,) and (K,).

    `mean` and `std`, of pixel values in [0, 1], normalise both; every label is below `classes`.
    Raises ValueError, with the field and what is valid.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    mean: Channels
    std: Channels
    classes: int

    def __post_init__(self) -> None:
        self._check("train", self.train_images, self.train_labels, least=2)
        self._check("test", self.test_images, self.test_labels, least=1)
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and min(self.std) > 0):
            raise ValueError("mean and std: finite numbers, and std above 0")

    def _check(
        self, part: str, images: NDArray[np.uint8], labels: NDArray[np.int64], least: int
    ) -> None:
        shape = images.shape
        if images.dtype != np.uint8 or len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3:
            raise ValueError(f"{part}_images: uint8 (M, S, S, 3), not {images.dtype} {shape}")
        if len(images) < least:
            raise ValueError(f"{part}_images: at least {least}, not {len(images)}")
        if labels.dtype != np.int64 or labels.shape != shape[:1]:
            raise ValueError(
                f"{part}_labels: int64 ({len(images)},), not {labels.dtype} {labels.shape}"
            )
        if labels.min() < 0 or labels.max() >= self.classes:
            raise ValueError(f"{part}_labels: from 0 to {self.classes - 1}")

    @cached_property
    def sha256(self) -> str:
        """Of shapes, numbers and the little-endian bytes of images and labels, in hex."""
        digest = sha256()
        for images, labels in (
            (self.train_images, self.train_labels),
            (self.test_images, self.test_labels),
        ):
            digest.update(repr(images.shape).encode())
            digest.update(np.ascontiguousarray(images).data)
            digest.update(np.ascontiguousarray(labels, dtype="<i8").data)
        numbers = [*map(float, self.mean), *map(float, self.std), self.classes]
        digest.update(repr(numbers).encode())
        return digest.hexdigest()


def samples(recipe: Recipe, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the images that a recipe trains on, ascending: int64 (s,).

    All images are shuffled by the seed, and the classes take turns, the smaller label first: no
    class that has enough images has two fewer than another. Raises ValueError where there are not
    as many.
    """
    if not recipe.samples:
        return np.arange(len(labels))
    if recipe.samples > len(labels):
        raise ValueError(
            f"samples of a recipe: at most the {len(labels)} training images, not {recipe.samples}"
        )
    order = _shuffled(f"training/{recipe.seed}/samples", len(labels))
    return np.sort(in_turns(order, labels[order])[: recipe.samples])


def batches(recipe: Recipe, count: int, epoch: int) -> list[NDArray[np.int64]]:
    """0 to count − 1, shuffled by seed and epoch, in minibatches of the recipe's size.

    What is left over is a smaller minibatch of its own, as in the code of Abdelfattah et al.; of a
    single image, which has no batch statistics at 1×1, it is left out of this epoch.
    """
    order = _shuffled(f"training/{recipe.seed}/order/{epoch}", count)
    size = recipe.batch_size
    found = [order[start : start + size] for start in range(0, count, size)]
    return [batch for batch in found if len(batch) > 1]


def _shuffled(name: str, count: int) -> NDArray[np.int64]:
    # Sorting raw words shuffles the same way in every numpy; Generator.permutation may change.
    return np.argsort(stream(name).random_raw(count), kind="stable").astype(np.int64)
