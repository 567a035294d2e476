"""How a training image is varied: cropped, resized, flipped. The same on every machine."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from service.engine.streams import stream
from service.minibatch import Channels
from service.minibatch.colours import normalised
from service.minibatch.resize import resize_all

PADDED = 8
"""An eighth of the side is added on each: 4 pixels for 32, and 2 for 16, as is customary."""


@dataclass(frozen=True)
class Draws:
    """What is drawn for each image of a batch: where its crop begins, and whether it is flipped."""

    top: NDArray[np.int64]
    left: NDArray[np.int64]
    flipped: NDArray[np.bool_]


def draws(count: int, side: int, seed: int, epoch: int, batch: int) -> Draws:
    """Uniform, from a stream keyed by seed, epoch and batch; three words of it an image."""
    words = stream(f"training/{seed}/augmentation/{epoch}/{batch}").random_raw((3, count))
    # 2**64 is no multiple of the places: some are likelier by one in 2**60.
    places = np.uint64(2 * (side // PADDED) + 1)
    top, left = (words[:2] % places).astype(np.int64)
    return Draws(top, left, words[2] >> np.uint64(63) == 1)


def augmented(
    images: NDArray[np.uint8], drawn: Draws, resolution: int, mean: Channels, std: Channels
) -> NDArray[np.float32]:
    """Images (N, S, S, 3) for training: float32 (N, 3, resolution, resolution).

    Padded with black, cropped to S×S again, resized by area as every minibatch is, flipped left to
    right, normalised.
    """
    side = images.shape[1]
    pad = side // PADDED
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    cropped = windows[np.arange(len(images)), drawn.top, drawn.left].transpose(0, 2, 3, 1)
    pixels = resize_all(cropped, resolution)
    pixels[drawn.flipped] = pixels[drawn.flipped, :, ::-1]
    return normalised(pixels, mean, std)


def plain(
    images: NDArray[np.uint8], resolution: int, mean: Channels, std: Channels
) -> NDArray[np.float32]:
    """Images (N, S, S, 3) for testing: resized and normalised, float32 (N, 3, r, r)."""
    return normalised(resize_all(images, resolution), mean, std)
