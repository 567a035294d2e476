from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.training.split import batches, samples
from tests.training.toy import SIDE, noise, recipe


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    seed=st.integers(0, 3),
    data=st.data(),
)
def test_samples_are_as_equally_many_of_each_class_as_can_be(
    labels: list[int], seed: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(2, len(labels)))
    array = np.array(labels)
    chosen = samples(recipe(samples=size, seed=seed), array)
    assert len(set(chosen.tolist())) == size
    assert (np.diff(chosen) > 0).all()
    found, all_of = np.bincount(array[chosen], minlength=5), np.bincount(array, minlength=5)
    # Who has more images left has no two fewer than another.
    assert all(found[each] >= found.max() - 1 for each in range(5) if found[each] < all_of[each])


def test_samples_depend_on_the_seed_and_are_nested() -> None:
    labels = np.arange(100) % 10
    few, more = (samples(recipe(samples=size), labels) for size in (20, 50))
    assert set(few) < set(more)
    assert set(few) != set(samples(recipe(samples=20, seed=1), labels))
    assert samples(recipe(), labels).tolist() == list(range(100))


def test_more_samples_than_images_are_refused() -> None:
    with pytest.raises(ValueError, match="samples of a recipe: at most the 3 training images"):
        samples(recipe(samples=4), np.zeros(3, dtype=np.int64))


@settings(deadline=None)
@given(count=st.integers(2, 60), size=st.integers(2, 70), epoch=st.integers(1, 3))
def test_an_epoch_has_every_image_once_but_a_single_one_left_over(
    count: int, size: int, epoch: int
) -> None:
    found = batches(recipe(batch_size=size), count, epoch)
    once = np.sort(np.concatenate(found))
    assert len(once) == count - (count % size == 1)
    assert len(set(once.tolist())) == len(once)
    assert set(once.tolist()) <= set(range(count))
    assert all(len(each) == size for each in found[:-1])
    assert 2 <= len(found[-1]) <= size


def test_the_order_depends_on_seed_and_epoch() -> None:
    def order(epoch: int, seed: int) -> tuple[int, ...]:
        return tuple(np.concatenate(batches(recipe(seed=seed), 64, epoch)).tolist())

    assert order(1, 0) == order(1, 0)
    assert len({order(*key) for key in ((1, 0), (2, 0), (1, 1))}) == 3


GOOD = noise()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("train_images", GOOD.train_images.astype(np.float32)),
        ("train_images", GOOD.train_images[..., :2]),
        ("train_images", GOOD.train_images[:, :-1]),
        ("test_images", GOOD.test_images[0]),
        ("test_images", GOOD.test_images[:0]),
        ("train_labels", GOOD.train_labels[1:]),
        ("train_labels", GOOD.train_labels.astype(np.uint8)),
        ("test_labels", GOOD.test_labels + 1),
        ("test_labels", GOOD.test_labels - 1),
        ("mean", (0.5, 0.5, float("nan"))),
        ("std", (0.5, 0.0, 0.5)),
    ],
)
def test_what_is_wrong_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        replace(GOOD, **{field: value})


def test_its_digest_depends_on_everything() -> None:
    others = [
        replace(GOOD, train_images=255 - GOOD.train_images),
        replace(GOOD, train_labels=2 - GOOD.train_labels),
        replace(GOOD, test_images=255 - GOOD.test_images),
        replace(GOOD, test_labels=2 - GOOD.test_labels),
        replace(GOOD, mean=(0.5, 0.5, 0.5)),
        replace(GOOD, std=(0.5, 0.5, 0.5)),
        replace(GOOD, classes=4),
    ]
    assert len({each.sha256 for each in [GOOD, noise(), *others]}) == 8
    assert noise().train_images.shape[1:] == (SIDE, SIDE, 3)
