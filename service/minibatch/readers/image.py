"""Image files, by Pillow."""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.minibatch.dataset import DatasetError
from service.minibatch.readers.limits import Limits

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM")
"""Pillow knows forty more, some through other programs; each would be one more to trust."""

TILE = 512
"""The side of what is converted at once: a few megabytes."""

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Of 8 bits and fewer: what has more would be cut off, not scaled."""


def decode(data: bytes, name: str, limits: Limits) -> NDArray[np.uint8]:
    """An image file as (H, W, 3): of several frames the first, without transparency.

    Raises DatasetError naming the file where it is no image, damaged, or too large to decode.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise DatasetError(
            "Folders of images need Pillow: pip install 'nascore[images]'."
        ) from None
    try:
        with warnings.catch_warnings():
            # Notes on metadata that nobody reads; but a bomb is no note.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                _check(image, name, limits)
                return _pixels(image)
    except UnidentifiedImageError:
        raise DatasetError(f"{name} is none of {', '.join(FORMATS)}.") from None
    except DatasetError:
        raise
    except Exception as error:
        # Decoders raise what they like on damaged data.
        raise DatasetError(f"{name} is a damaged image: {error}.") from error


def _check(image: "Image.Image", name: str, limits: Limits) -> None:
    """By the header alone, before a pixel is decoded."""
    if image.width * image.height > limits.image_pixels:
        raise DatasetError(
            f"{name} has {image.width}x{image.height} pixels; {limits.image_pixels} are allowed."
        )
    if image.mode not in MODES:
        raise DatasetError(f"{name} has pixels of more than 8 bits a channel ({image.mode}).")


def _pixels(image: "Image.Image") -> NDArray[np.uint8]:
    """Tile by tile: whole, a large image would lie in memory four times on its way."""
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            bottom, right = min(top + TILE, image.height), min(left + TILE, image.width)
            tile = _rgb(image.crop((left, top, right, bottom)))
            pixels[top:bottom, left:right] = np.asarray(tile)
    return pixels


def _rgb(image: "Image.Image") -> "Image.Image":
    # Pillow turns a palette with transparency into RGB by way of RGBA only.
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")
