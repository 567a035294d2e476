"""What is drawn: which images, how many of a class, and the same for good."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.minibatch import Dataset, DatasetError, draw, patches
from service.minibatch.draw import choose
from tests.minibatch.writers import noise


def dataset(labels: list[int], classes: int, seed: int = 0, name: str = "mine") -> Dataset:
    return Dataset(
        name=name,
        description="",
        source="",
        licence="",
        format="npz",
        sha256="",
        classes=tuple(map(str, range(classes))),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        images=noise(len(labels), 8),
        labels=np.array(labels, dtype=np.int64),
        seed=seed,
    )


@pytest.mark.parametrize(
    ("size", "resolution", "sha256"),
    [
        (32, 16, "6b983dda6c707542faec7f6399d6c892da41e2567f39b2c22d22ce994525d929"),
        (64, 32, "8ac847384c3e146f42af05252ac8c0c8aeaf5b5f2b97678b21a13e8aa2b07edd"),
    ],
)
def test_the_built_in_minibatches_are_those_that_scores_were_computed_on(
    size: int, resolution: int, sha256: str
) -> None:
    assert draw(patches(), size, resolution).sha256 == sha256


def test_a_minibatch_is_its_images_normalised() -> None:
    mine = dataset([0, 1] * 20, 2)
    drawn = draw(mine, 32, 8)
    chosen = choose(mine, 32)
    assert drawn.images.shape == (32, 3, 8, 8)
    assert drawn.labels.tolist() == mine.labels[chosen].tolist()
    expected = (np.array([mine.images[int(i)] for i in chosen]) / 255 - 0.5) / 0.25
    assert np.array_equal(drawn.images, expected.transpose(0, 3, 1, 2).astype(np.float32))


def test_classes_take_turns() -> None:
    counts = np.bincount(draw(dataset([*range(10)] * 50, 10), 32, 8).labels)
    assert sorted(counts) == [3] * 8 + [4] * 2


def test_a_small_class_gives_what_it_has() -> None:
    counts = np.bincount(draw(dataset([0] * 100 + [1] * 2, 2), 32, 8).labels)
    assert counts.tolist() == [30, 2]


def test_of_many_classes_half_as_many_as_images_give_two_each() -> None:
    mine = dataset([*range(100)] * 3, 100)
    few, many = (np.unique(draw(mine, size, 8).labels, return_counts=True) for size in (32, 64))
    assert few[1].tolist() == [2] * 16
    assert many[1].tolist() == [2] * 32
    assert set(few[0]) < set(many[0])
    other = np.unique(draw(replace(mine, seed=1), 32, 8).labels)
    assert set(other) != set(few[0])


def test_a_draw_depends_on_name_and_seed_alone() -> None:
    mine = dataset([*range(10)] * 50, 10)
    first = draw(mine, 32, 8).sha256
    assert draw(dataset([*range(10)] * 50, 10), 32, 8).sha256 == first
    assert draw(replace(mine, seed=1), 32, 8).sha256 != first
    assert draw(replace(mine, name="yours"), 32, 8).sha256 != first
    assert draw(replace(mine, description="other"), 32, 8).sha256 == first


def test_only_what_is_drawn_is_read() -> None:
    class Counted:
        def __init__(self) -> None:
            self.read: list[int] = []

        def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
            self.read.append(index)
            return noise(1, 5 + index, 7)[0]

    images = Counted()
    mine = replace(dataset([0, 1] * 50, 2), images=images)
    draw(mine, 32, 8)
    assert images.read == choose(mine, 32).tolist()


@pytest.mark.parametrize(
    ("labels", "classes", "reason"),
    [
        ([0] * 100, 1, "mine has 1 class; a minibatch needs 2 at least."),
        ([0, 1] * 15, 2, "mine has 30 images; a minibatch needs 32."),
        ([0, 1] * 50 + [2], 3, "too few images of class '2': 1; a minibatch needs 2 of each."),
        ([0, 1] * 50, 4, "too few images of class '2': 0;.*of each, and so it is with 1 more."),
    ],
)
def test_what_gives_no_minibatch_is_refused(labels: list[int], classes: int, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        draw(dataset(labels, classes), 32, 8)
