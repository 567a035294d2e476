"""Labelled images that minibatches are drawn from."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Channels = tuple[float, float, float]
"""A number for red, green and blue, of pixel values in [0, 1]."""


class DatasetError(ValueError):
    """The data cannot be read, or gives no minibatch; the message is one sentence for its owner."""


class Images(Protocol):
    """Images by their index, each uint8 (H, W, 3) with sides of its own; an array is one."""

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Dataset:
    """Labelled images, and what their owners ask to be said of them.

    `labels` is int64 (M,), each below `len(classes)`; `mean` and `std` are what normalises the
    images; `seed` draws the minibatches.
    """

    name: str
    description: str
    source: str
    licence: str
    format: str
    sha256: str
    """Of the file or folder that the images were read from, in hex."""
    classes: tuple[str, ...]
    mean: Channels
    std: Channels
    images: Images
    labels: NDArray[np.int64]
    seed: int = 0
