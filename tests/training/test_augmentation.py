"""Crop, resize and flip, against a slow and plain version."""

from hashlib import sha256

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.minibatch.resize import resize
from service.training.augmentation import Draws, augmented, draws, plain
from tests.minibatch.writers import noise
from tests.training.toy import MEAN, STD


def slow(
    image: NDArray[np.uint8], top: int, left: int, flipped: bool, resolution: int
) -> NDArray[np.float32]:
    """One image, pixel by pixel."""
    side = len(image)
    pad = side // 8
    crop = np.zeros_like(image)
    for i in range(side):
        for j in range(side):
            y, x = i + top - pad, j + left - pad
            if 0 <= y < side and 0 <= x < side:
                crop[i, j] = image[y, x]
    pixels = resize(crop, resolution)
    if flipped:
        pixels = np.stack([row[::-1] for row in pixels])
    normalised = (pixels - np.array(MEAN)) / np.array(STD)
    return np.asarray(normalised.astype(np.float32).transpose(2, 0, 1))


@settings(deadline=None, max_examples=30)
@given(
    side=st.integers(1, 20),
    resolution=st.integers(1, 12),
    count=st.integers(1, 5),
    seed=st.integers(0, 3),
)
def test_it_is_the_slow_one_bit_for_bit(side: int, resolution: int, count: int, seed: int) -> None:
    images = noise(count, side)
    drawn = draws(count, side, seed, epoch=2, batch=1)
    expected = [
        slow(image, top, left, flipped, resolution)
        for image, top, left, flipped in zip(
            images, drawn.top, drawn.left, drawn.flipped, strict=True
        )
    ]
    found = augmented(images, drawn, resolution, MEAN, STD)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_a_crop_in_the_middle_that_is_not_flipped_is_the_image_itself() -> None:
    images = noise(3, 32)
    middle = np.full(3, 4)
    still = Draws(middle, middle, np.zeros(3, dtype=np.bool_))
    np.testing.assert_array_equal(
        augmented(images, still, 8, MEAN, STD), plain(images, 8, MEAN, STD)
    )


def test_every_place_and_side_is_as_likely() -> None:
    drawn = draws(90_000, 32, seed=0, epoch=1, batch=1)
    counts = np.bincount(9 * drawn.top + drawn.left, minlength=81)
    expected = 90_000 / 81
    # Chi-squared of 80 degrees of freedom: above 150 once in four hundred thousand.
    assert ((counts - expected) ** 2 / expected).sum() < 150
    # Five standard deviations.
    assert abs(drawn.flipped.mean() - 0.5) < 5 * 0.5 / 300


def test_what_is_drawn_depends_on_seed_epoch_and_batch() -> None:
    def tops(seed: int, epoch: int, batch: int) -> tuple[int, ...]:
        return tuple(draws(40, 32, seed, epoch, batch).top.tolist())

    assert len({tops(*key) for key in ((0, 1, 1), (1, 1, 1), (0, 2, 1), (0, 1, 2))}) == 4
    assert tops(0, 1, 1) == tops(0, 1, 1)


def test_it_is_the_same_on_every_machine() -> None:
    images = (np.arange(5 * 16 * 16 * 3) * 7 % 256).astype(np.uint8).reshape(5, 16, 16, 3)
    found = augmented(images, draws(5, 16, 3, 2, 1), 8, MEAN, STD)
    assert sha256(found.astype("<f4").tobytes()).hexdigest()[:16] == "eedffdd3e116845d"
