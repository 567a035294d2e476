"""Resizes images by area: each new pixel is the mean of what lies under it."""

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 2**18
"""Pixels added up at once: as float64 they take 6 MB, and a large image whole would take 800 MB."""


def centre_square(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest square in the middle of an image, or of each of many: (..., H, W, 3).

    Of an odd rest, the smaller half is cut off at the top or the left.
    """
    height, width = image.shape[-3:-1]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[..., top : top + side, left : left + side, :]


def area_weights(pixels: int, resolution: int) -> NDArray[np.float64]:
    """How much of each of `pixels` old pixels lies under each of `resolution` new ones.

    (resolution, pixels), whole numbers: the side is `pixels * resolution` long, an old pixel
    `resolution`, a new one `pixels`. A row adds up to `pixels`, a column to `resolution`.
    """
    old = np.arange(pixels) * resolution
    new = np.arange(resolution)[:, None] * pixels
    overlap: NDArray[np.int64] = np.minimum(old + resolution, new + pixels) - np.maximum(old, new)
    return np.maximum(overlap, 0).astype(np.float64)


def resize(square: NDArray[np.uint8], resolution: int) -> NDArray[np.float64]:
    """An image (S, S, 3) as (resolution, resolution, 3) in [0, 1].

    Shrinking averages, pixels on a border counting by the part that is inside; enlarging repeats
    pixels, and mixes two where a new one lies on their border. Every sum is one of whole numbers
    below 2**53, which float64 adds exactly in any order: the result is the correctly rounded
    quotient, the same on every machine.
    """
    side = square.shape[0]
    weights = area_weights(side, resolution)
    rows = np.zeros((resolution, side, 3))
    step = max(1, AT_ONCE // side)
    for top in range(0, side, step):
        strip = slice(top, top + step)
        rows += np.tensordot(weights[:, strip], square[strip].astype(np.float64), axes=(1, 0))
    columns = np.tensordot(weights, rows, axes=(1, 1))
    return np.asarray(columns.swapaxes(0, 1) / (255 * side * side))


def resize_all(squares: NDArray[np.uint8], resolution: int) -> NDArray[np.float64]:
    """Small images of one size (N, S, S, 3) as (N, resolution, resolution, 3), many at once.

    Each with the very bits that `resize` gives it.
    """
    side = squares.shape[1]
    weights = area_weights(side, resolution)
    resized = np.empty((len(squares), resolution, resolution, 3))
    step = max(1, AT_ONCE // side**2)
    for start in range(0, len(squares), step):
        some = squares[start : start + step].astype(np.float64)
        rows = np.tensordot(weights, some, axes=(1, 1))
        columns = np.tensordot(weights, rows, axes=(1, 2))
        resized[start : start + step] = columns.transpose(2, 1, 0, 3)
    resized /= 255 * side * side
    return resized
