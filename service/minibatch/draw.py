"""Draws a minibatch from labelled images, once, the same on every machine."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dataset:
    """Labelled images, and what their owners ask to be said of them.

    `images` is uint8 (M, H, W, 3), `labels` integer (M,) below `len(classes)`; `mean` and `std`
    are a channel's, of pixel values in [0, 1].
    """

    name: str
    description: str
    source: str
    licence: str
    classes: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


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
    """`size` images, as equally many of each class as can be, resized by area and normalised.

    The images of every class are shuffled by Philox keyed with the dataset's name, and the classes
    take turns. Raises ValueError where there are fewer than `size` images, or where `resolution`
    does not divide the images' height and width.
    """
    if size > len(dataset.labels):
        raise ValueError(f"{dataset.name} has {len(dataset.labels)} images, not {size}")
    key = int.from_bytes(sha256(f"minibatch/{dataset.name}".encode()).digest()[:16], "little")
    # Sorting raw words shuffles the same way in every numpy; Generator.permutation may change.
    order = np.argsort(np.random.Philox(key=key).random_raw(len(dataset.labels)), kind="stable")
    turn = np.zeros(len(order), dtype=np.int64)
    for label in range(len(dataset.classes)):
        of_class = np.flatnonzero(dataset.labels[order] == label)
        turn[of_class] = np.arange(len(of_class))
    chosen = order[np.lexsort((dataset.labels[order], turn))[:size]]
    pixels = _resize_by_area(dataset.images[chosen].astype(np.float64) / 255, resolution)
    normalised = (pixels - np.array(dataset.mean)) / np.array(dataset.std)
    return Minibatch(
        np.ascontiguousarray(normalised.transpose(0, 3, 1, 2), dtype=np.float32),
        dataset.labels[chosen].astype(np.int64),
    )


def _resize_by_area(pixels: NDArray[np.float64], resolution: int) -> NDArray[np.float64]:
    images, height, width, channels = pixels.shape
    if height % resolution or width % resolution:
        raise ValueError(f"{resolution} does not divide {height}x{width}")
    tall, wide = height // resolution, width // resolution
    blocks = pixels.reshape(images, resolution, tall, resolution, wide, channels)
    return np.asarray(blocks.mean(axis=(2, 4)))
