"""Draws a minibatch from labelled images, once, the same on every machine."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from service.minibatch.colours import normalised
from service.minibatch.dataset import Dataset, DatasetError
from service.minibatch.resize import centre_square, resize
from service.minibatch.turns import in_turns

OF_A_CLASS = 2
"""Images of a class, at least: proxies compare images within a class and between classes."""


@dataclass(frozen=True)
class Minibatch:
    """`images` float32 (N, 3, R, R), normalised; `labels` int64 (N,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    @cached_property
    def sha256(self) -> str:
        """Of the shape and the little-endian bytes of images and labels, in hex."""
        digest = sha256(repr(self.images.shape).encode())
        digest.update(self.images.astype("<f4").tobytes())
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    @classmethod
    def from_bytes(cls, images: bytes, labels: bytes, resolution: int) -> "Minibatch":
        """The inverse of `images_bytes` and `labels_bytes`."""
        return cls(
            np.frombuffer(images, "<f4").reshape(-1, 3, resolution, resolution).astype(np.float32),
            np.frombuffer(labels, "<i8").astype(np.int64),
        )

    def images_bytes(self) -> bytes:
        return self.images.astype("<f4").tobytes()

    def labels_bytes(self) -> bytes:
        return self.labels.astype("<i8").tobytes()


def draw(dataset: Dataset, size: int, resolution: int) -> Minibatch:
    """`size` images, as equally many of each class as can be, cut to a square, resized by area and
    normalised.

    The images of every class are shuffled by Philox, keyed with the dataset's name and seed, and
    the classes take turns. Where there are more classes than two images each allow, half as many as
    images are chosen, shuffled alike.
    Raises DatasetError where the data cannot give two images a class.
    """
    chosen = choose(dataset, size)
    pixels = np.stack(
        [resize(centre_square(dataset.images[int(index)]), resolution) for index in chosen]
    )
    images = normalised(pixels, dataset.mean, dataset.std)
    return Minibatch(images, dataset.labels[chosen].astype(np.int64))


def choose(dataset: Dataset, size: int) -> NDArray[np.int64]:
    """Indices of the images that `draw` takes, in its order."""
    _check_classes(dataset)
    order = shuffled(len(dataset.labels), dataset, "")
    if len(dataset.classes) > size // OF_A_CLASS:
        classes = shuffled(len(dataset.classes), dataset, "/classes")[: size // OF_A_CLASS]
        order = order[np.isin(dataset.labels[order], classes)]
    if size > len(order):
        raise DatasetError(f"{dataset.name} has {len(order)} images; a minibatch needs {size}.")
    return in_turns(order, dataset.labels[order])[:size]


def _check_classes(dataset: Dataset) -> None:
    if len(dataset.classes) < 2:
        raise DatasetError(
            f"{dataset.name} has {len(dataset.classes)} class; a minibatch needs 2 at least."
        )
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    scarce = np.flatnonzero(counts < OF_A_CLASS)
    if len(scarce):
        more = f", and so it is with {len(scarce) - 1} more" if len(scarce) > 1 else ""
        raise DatasetError(
            f"{dataset.name} has too few images of class {dataset.classes[scarce[0]]!r}: "
            f"{counts[scarce[0]]}; a minibatch needs {OF_A_CLASS} of each{more}."
        )


def shuffled(count: int, dataset: Dataset, what: str) -> NDArray[np.int64]:
    """0 to count - 1 in the order that the dataset's name and seed give."""
    # Seed 0 is not spelled: minibatches were drawn and scored on before there were seeds.
    seed = f"/{dataset.seed}" if dataset.seed else ""
    key = sha256(f"minibatch/{dataset.name}{seed}{what}".encode()).digest()[:16]
    words = np.random.Philox(key=int.from_bytes(key, "little")).random_raw(count)
    # Sorting raw words shuffles the same way in every numpy; Generator.permutation may change.
    return np.argsort(words, kind="stable").astype(np.int64)
