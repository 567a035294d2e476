"""Resizing by area, against a slow and plain integral in exact fractions."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.minibatch.colours import Colours
from service.minibatch.resize import AT_ONCE, area_weights, centre_square, resize, resize_all
from tests.minibatch.writers import Uint8, noise


def slow(square: Uint8, resolution: int) -> list[list[list[float]]]:
    """The mean of an image over each new pixel's square, old pixel by old pixel."""
    side = len(square)
    step = Fraction(side, resolution)

    def inside(new: int, old: int) -> Fraction:
        return max(Fraction(0), min((new + 1) * step, old + 1) - max(new * step, Fraction(old)))

    return [
        [
            [
                float(
                    sum(
                        inside(i, y) * inside(j, x) * int(square[y, x, channel])
                        for y in range(side)
                        for x in range(side)
                    )
                    / step**2
                    / 255
                )
                for channel in range(3)
            ]
            for j in range(resolution)
        ]
        for i in range(resolution)
    ]


@settings(deadline=None)
@given(side=st.integers(1, 7), resolution=st.integers(1, 7))
def test_it_is_the_integral_correctly_rounded(side: int, resolution: int) -> None:
    image = noise(side, side)[0]
    assert resize(image, resolution).tolist() == slow(image, resolution)


def test_weights_in_closed_form() -> None:
    assert area_weights(3, 2).tolist() == [[2, 1, 0], [0, 1, 2]]
    assert area_weights(2, 3).tolist() == [[2, 0], [1, 1], [0, 2]]
    assert area_weights(4, 2).tolist() == [[2, 2, 0, 0], [0, 0, 2, 2]]
    assert area_weights(5, 5).tolist() == (5 * np.eye(5)).tolist()


def test_the_same_size_is_the_same_image() -> None:
    image = noise(1, 32)[0]
    assert np.array_equal(resize(image, 32), image / 255)


def test_doubling_repeats_pixels() -> None:
    image = noise(1, 16)[0]
    assert np.array_equal(resize(image, 32), (image / 255).repeat(2, axis=0).repeat(2, axis=1))


def test_halving_averages_four() -> None:
    image = noise(1, 32)[0]
    blocks = image.reshape(16, 2, 16, 2, 3).astype(int).sum(axis=(1, 3))
    assert np.array_equal(resize(image, 16), blocks / (4 * 255))


def test_a_large_image_is_the_mean_of_its_blocks_and_takes_little_memory() -> None:
    image = noise(1, 2048)[0]
    blocks = image.reshape(32, 64, 32, 64, 3).sum(axis=(1, 3), dtype=np.int64)
    tracemalloc.start()
    try:
        assert np.array_equal(resize(image, 32), blocks / (64 * 64 * 255))
        Colours().add(image[None])
        # 100 MB as float64, 33 MB as the whole numbers that are counted.
        assert tracemalloc.get_traced_memory()[1] < 2**25 + 2**23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("side", [7, 100, 1023])
def test_the_mean_stays(side: int) -> None:
    image = noise(1, side)[0]
    assert resize(image, 32).mean() == pytest.approx(image.mean() / 255, rel=1e-12)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(4, 4, (0, 4), (0, 4)), (4, 7, (0, 4), (1, 5)), (9, 4, (2, 6), (0, 4))],
)
def test_the_middle_square_is_cut(
    height: int, width: int, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    image = noise(1, height, width)[0]
    assert np.array_equal(centre_square(image), image[slice(*rows), slice(*columns)])


def test_colours_are_those_of_all_pixels() -> None:
    images = noise(50, 20)
    colours = Colours()
    colours.add(images[:30])
    colours.add(images[30:])
    mean, std = colours.mean_and_std()
    assert mean == pytest.approx((images / 255).mean(axis=(0, 1, 2)), abs=5e-6)
    assert std == pytest.approx((images / 255).std(axis=(0, 1, 2)), abs=5e-6)


def test_a_large_image_counts_as_much_as_a_small_one() -> None:
    colours = Colours()
    colours.add(np.zeros((1, 100, 200, 3), dtype=np.uint8))
    colours.add(np.full((1, 2, 2, 3), 255, dtype=np.uint8))
    assert colours.mean_and_std() == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@settings(deadline=None)
@given(count=st.integers(0, 4), side=st.integers(1, 9), resolution=st.integers(1, 9))
def test_many_at_once_have_the_bits_of_each(count: int, side: int, resolution: int) -> None:
    images = noise(count, side)
    found = resize_all(images, resolution)
    assert found.shape == (count, resolution, resolution, 3)
    for image, resized in zip(images, found, strict=True):
        np.testing.assert_array_equal(resized, resize(image, resolution))


def test_more_than_fit_at_once_have_them_too() -> None:
    images = noise(AT_ONCE // 32**2 + 1, 32)
    for place, resized in enumerate(resize_all(images, 8)[-2:], len(images) - 2):
        np.testing.assert_array_equal(resized, resize(images[place], 8))
