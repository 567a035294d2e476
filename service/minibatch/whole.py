"""All images of a dataset, as they are stored to be trained on: a training and a test split."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from service.minibatch.dataset import Channels, Dataset, DatasetError, Images
from service.minibatch.draw import shuffled
from service.minibatch.resize import centre_square, resize

SIDE = 32
"""Pixels: of CIFAR's images, and of the networks' inputs in their benchmarks."""

PART_IMAGES = 1_024
"""Stored in a row: 3 MB, so that no reader or writer holds much more than what it wants."""


@dataclass(frozen=True)
class Split:
    """Images as they were read, of any size, and labels int64 (M,)."""

    images: Images
    labels: NDArray[np.int64]

    def parts(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """In order, `PART_IMAGES` at a time: uint8 (P, SIDE, SIDE, 3) and int64 (P,)."""
        for start in range(0, len(self.labels), PART_IMAGES):
            labels = self.labels[start : start + PART_IMAGES]
            places = range(start, start + len(labels))
            yield np.stack([as_stored(self.images[place]) for place in places]), labels


@dataclass(frozen=True)
class Chosen:
    """Some of the images, by their index among all."""

    images: Images
    chosen: NDArray[np.int64]

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self.images[int(self.chosen[index])]


class SplitDigest:
    """The SHA-256 of a split as it is stored, however it is cut into parts.

    Of the images' shape, the images, and then the labels as little-endian int64.
    """

    def __init__(self, count: int) -> None:
        self._digest = sha256(repr((count, SIDE, SIDE, 3)).encode())
        self._labels: list[bytes] = []

    def add(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self._digest.update(images.tobytes())
        self._labels.append(labels.astype("<i8").tobytes())

    def hexdigest(self) -> str:
        """Once all parts were added."""
        whole = self._digest.copy()
        whole.update(b"".join(self._labels))
        return whole.hexdigest()


@dataclass(frozen=True)
class WholeDataset:
    """What a network is trained and tested on.

    Images are uint8 (N, SIDE, SIDE, 3), labels int64 (N,), each below `len(classes)`; `mean` and
    `std`, of pixel values in [0, 1], normalise both splits.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    mean: Channels
    std: Channels
    classes: tuple[str, ...]


def as_stored(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image (H, W, 3) cut to its middle square and resized by area to (SIDE, SIDE, 3), each
    value rounded to a whole number; one of that size stays as it is."""
    square = centre_square(image)
    if square.shape[0] == SIDE:
        return square
    return np.rint(resize(square, SIDE) * 255).astype(np.uint8)


def splits(
    dataset: Dataset, test: Split | None, share: float | None, limit: int
) -> Mapping[str, Split]:
    """`train` and `test`: the data's own, or a share of each class held out.

    Raises DatasetError where there is no test split or are two, or more than `limit` images.
    """
    if test is not None and share is not None:
        raise DatasetError(f"{dataset.name} has a test split of its own, and takes no share.")
    count = len(dataset.labels) + (0 if test is None else len(test.labels))
    if count > limit:
        raise DatasetError(f"{dataset.name} has {count} images; {limit} are allowed with --full.")
    if test is not None:
        return {"train": Split(dataset.images, dataset.labels), "test": test}
    if share is None:
        raise DatasetError(
            f"{dataset.name} has no test split: name the share of it to test on with --test-share, "
            "or give an npz `test_images` and `test_labels`."
        )
    held = held_out(dataset, share)
    return {name: _chosen(dataset, indices) for name, indices in (("train", ~held), ("test", held))}


def held_out(dataset: Dataset, share: float) -> NDArray[np.bool_]:
    """Which images are to test on: of each class the share, rounded, but one at least and not all.

    Those that minibatches take last, so none that a minibatch has, where a class has enough.
    """
    order = shuffled(len(dataset.labels), dataset, "")
    held = np.zeros(len(order), dtype=np.bool_)
    for label in np.unique(dataset.labels):
        of_class = order[dataset.labels[order] == label]
        count = min(max(1, round(share * len(of_class))), len(of_class) - 1)
        held[of_class[len(of_class) - count :]] = True
    return held


def _chosen(dataset: Dataset, which: NDArray[np.bool_]) -> Split:
    indices = np.flatnonzero(which)
    return Split(Chosen(dataset.images, indices), dataset.labels[indices])
