"""Mean and standard deviation of each channel: of data whose owner names none, and taken away."""

from math import fsum, sqrt

import numpy as np
from numpy.typing import NDArray

from service.minibatch.dataset import Channels
from service.minibatch.resize import centre_square

AT_ONCE = 2**22
"""Pixels counted at once: numpy takes 8 bytes for each."""

DIGITS = 5
"""After the point, of both: what is stored can be read, and typed."""


class Colours:
    """Counts the values of each channel, of the middle square of each image."""

    def __init__(self) -> None:
        # By the pixels of an image: how many such images, and (3, 256) how often each value.
        self._images: dict[int, int] = {}
        self._counts: dict[int, NDArray[np.int64]] = {}

    def add(self, images: NDArray[np.uint8]) -> None:
        """Images of one size, uint8 (M, H, W, 3)."""
        squares = centre_square(images)
        pixels = squares.shape[1] * squares.shape[2]
        step = max(1, AT_ONCE // pixels)
        counts = self._counts.setdefault(pixels, np.zeros((3, 256), dtype=np.int64))
        for start in range(0, len(squares), step):
            for channel in range(3):
                values = squares[start : start + step, ..., channel].ravel()
                for first in range(0, len(values), AT_ONCE):
                    part = values[first : first + AT_ONCE]
                    counts[channel] += np.bincount(part, minlength=256)
        self._images[pixels] = self._images.get(pixels, 0) + len(squares)

    def mean_and_std(self) -> tuple[Channels, Channels]:
        """Of pixel values in [0, 1]; every image counts alike, whatever its size."""
        mean = self._moment(1)
        squares = self._moment(2)
        std = [sqrt(max(0.0, s - m * m)) for m, s in zip(mean, squares, strict=True)]
        return _rounded(mean), _rounded(std)

    def _moment(self, power: int) -> list[float]:
        levels = np.arange(256, dtype=np.int64) ** power
        images = sum(self._images.values())
        return [
            fsum(
                int(counts[channel] @ levels) / (255**power * pixels)
                for pixels, counts in self._counts.items()
            )
            / images
            for channel in range(3)
        ]


def normalised(pixels: NDArray[np.float64], mean: Channels, std: Channels) -> NDArray[np.float32]:
    """Pixels (N, R, R, 3) in [0, 1], less the mean and by the deviation: float32 (N, 3, R, R)."""
    centred = (pixels - np.array(mean)) / np.array(std)
    return np.ascontiguousarray(centred.transpose(0, 3, 1, 2), dtype=np.float32)


def _rounded(channels: list[float]) -> Channels:
    red, green, blue = (round(value, DIGITS) for value in channels)
    return red, green, blue
