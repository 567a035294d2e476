"""Datasets whole: their own test split, one that is held out, and images as they are stored."""

import tracemalloc
from collections import Counter
from fractions import Fraction
from hashlib import sha256
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.minibatch import Dataset, DatasetError, Split, SplitDigest, splits
from service.minibatch.draw import choose
from service.minibatch.readers import read
from service.minibatch.whole import PART_IMAGES, as_stored, held_out
from tests.minibatch import writers
from tests.minibatch.writers import LIMITS, Uint8, noise, write_folder, write_tar

LABELS = [number % 10 for number in range(60)]
TEST_LABELS = [9, 0, 5, 5]


def stack(split: Split) -> Uint8:
    return np.concatenate([images for images, _ in split.parts()])


def dataset(labels: Any, name: str = "x", seed: int = 0) -> Dataset:
    labels = np.array(labels)
    names = tuple(str(label) for label in range(int(labels.max()) + 1))
    facts = {"description": "", "source": "", "licence": "", "format": "npz", "sha256": ""}
    images = noise(len(labels), 4)
    half = (0.5, 0.5, 0.5)
    return Dataset(
        name, **facts, classes=names, mean=half, std=half, images=images, labels=labels, seed=seed
    )


@pytest.mark.parametrize("how", ["folder", "w:gz", "w"])
@pytest.mark.parametrize(
    ("published", "side", "first"), [("cifar10", 32, 0), ("cifar100", 32, 0), ("imagenet16", 16, 1)]
)
def test_published_data_has_its_own_test_split(
    tmp_path: Path, published: str, side: int, first: int, how: str
) -> None:
    images = noise(5, side)
    labels = [label + first for label in TEST_LABELS]
    # Of a class that ImageNet16-120 has not; CIFAR has no image more.
    kept = 4 if published == "imagenet16" else 5
    labels.append(121 if published == "imagenet16" else 3)
    training = getattr(writers, published)(noise(60, side), [label + first for label in LABELS])
    files = {**training, **writers.held_out(published, images, labels)}
    path = tmp_path / "x"
    path = write_folder(path, files) if how == "folder" else write_tar(path, files, how)
    found = read(path, LIMITS, test=True)
    assert found.test is not None
    assert found.test.labels.tolist() == [*TEST_LABELS, 3][:kept]
    expected = [as_stored(image) for image in images[:kept]]
    assert np.array_equal(stack(found.test), expected)
    # Minibatches are drawn of the same as ever, and the SHA-256 finds them again.
    without = read(path, LIMITS)
    assert without.test is None
    assert without.sha256 == found.sha256
    assert np.array_equal(without.images, found.images)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["folder", "w"])
def test_published_data_without_its_test_split_is_refused(tmp_path: Path, how: str) -> None:
    files = writers.cifar10(noise(60, 32), LABELS)
    path = tmp_path / "x"
    path = write_folder(path, files) if how == "folder" else write_tar(path, files, how)
    with pytest.raises(DatasetError, match=r"This is CIFAR-10, but without test_batch\."):
        read(path, LIMITS, test=True)


def test_a_test_split_alone_is_no_dataset(tmp_path: Path) -> None:
    files = writers.held_out("cifar10", noise(4, 32), TEST_LABELS)
    with pytest.raises(DatasetError, match="an archive without the files of CIFAR-10"):
        read(write_tar(tmp_path / "x", files), LIMITS, test=True)


def test_an_imagenet16_without_images_of_the_first_120_classes_to_test_on(tmp_path: Path) -> None:
    files = writers.imagenet16(noise(60, 16), [label + 1 for label in LABELS])
    files |= writers.held_out("imagenet16", noise(2, 16), [121, 1000])
    with pytest.raises(DatasetError, match="The test split of this ImageNet16-120 has no images"):
        read(write_folder(tmp_path / "x", files), LIMITS, test=True)


IMAGES = noise(40, 8, 9)
NPZ = {
    "images": IMAGES,
    "labels": np.arange(40) % 4 * 7 + 1,
    "test_images": noise(5, 10),
    "test_labels": np.array([22, 1, 15, 8, 1], np.uint16),
}


def npz(path: Path, **arrays: Any) -> Path:
    with path.open("wb") as file:
        np.savez(file, **{k: v for k, v in arrays.items() if v is not None})
    return path


def test_an_npz_may_have_a_test_split(tmp_path: Path) -> None:
    path = npz(tmp_path / "x", **NPZ)
    found = read(path, LIMITS, test=True)
    assert found.classes == ("1", "8", "15", "22")
    assert found.test is not None
    assert found.test.labels.tolist() == [3, 0, 2, 1, 0]
    assert np.array_equal(found.test.images, NPZ["test_images"])  # type: ignore[arg-type]
    assert read(path, LIMITS).test is None
    named = read(npz(tmp_path / "y", **NPZ, classes=[str(n) for n in range(30)]), LIMITS, test=True)
    assert named.test is not None
    assert named.test.labels.tolist() == NPZ["test_labels"].tolist()
    alone = npz(tmp_path / "z", images=IMAGES, labels=NPZ["labels"])
    assert read(alone, LIMITS, test=True).test is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test_images": None}, "0 arrays called `test_images`"),
        ({"test_labels": None}, "0 arrays called `test_labels`"),
        ({"test_images": noise(5, 10).transpose(0, 3, 1, 2)}, r"test_images.transpose\(0, 2, 3"),
        ({"test_labels": np.arange(4)}, r"`test_labels` of .* is int64 of \(4,\) for 5 images"),
        ({"test_labels": np.array([1, 1, 1, 1, 2])}, "`test_labels` of .* has 2, which is no cla"),
        ({"test_labels": np.array([1, 1, 1, 1, -1])}, "`test_labels` of .* has -1, which is no"),
        (
            {"test_labels": np.array([1, 1, 1, 1, 30]), "classes": [str(n) for n in range(30)]},
            "`test_labels` of .* has 30, which is no class",
        ),
    ],
)
def test_what_is_wrong_with_a_test_split_is_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DatasetError, match=reason):
        read(npz(tmp_path / "x", **{**NPZ, **changes}), LIMITS, test=True)


@pytest.mark.parametrize("share", [0.001, 0.2, 0.25, 0.5, 0.999])
def test_a_share_is_of_each_class(share: float) -> None:
    labels = [0] * 10 + [1] * 37 + [2] * 2 + [3] * 100
    whole = dataset(np.random.default_rng(0).permutation(labels))
    found = splits(whole, None, share, 1_000)
    counts = {name: Counter(split.labels.tolist()) for name, split in found.items()}
    for label, count in Counter(labels).items():
        tested = counts["test"][label]
        assert tested + counts["train"][label] == count
        assert 1 <= tested < count
        if 1 <= share * count <= count - 1:
            assert floor(share * count) <= tested <= ceil(share * count)
    # No image is lost, or in both.
    both = [image for split in found.values() for image in stack(split)]
    expected = [as_stored(image) for image in noise(len(labels), 4)]
    assert sorted(map(bytes, both)) == sorted(map(bytes, expected))


def test_no_image_of_a_minibatch_is_tested_on() -> None:
    whole = dataset([number % 4 for number in range(100)])
    tested = np.flatnonzero(held_out(whole, 0.3))
    assert len(tested) == 32
    for size in (32, 64):
        assert not set(choose(whole, size)) & set(tested)


def test_a_share_depends_on_the_name_and_the_seed_alone() -> None:
    labels = [number % 4 for number in range(100)]
    first = held_out(dataset(labels), 0.2)
    assert np.array_equal(first, held_out(dataset(labels), 0.2))
    assert not np.array_equal(first, held_out(dataset(labels, name="y"), 0.2))
    assert not np.array_equal(first, held_out(dataset(labels, seed=1), 0.2))


def test_one_test_split_and_not_too_many_images() -> None:
    whole = dataset([0, 0, 1, 1])
    own = Split(noise(2, 4), np.array([0, 1]))
    assert splits(whole, own, None, 6)["test"] is own
    with pytest.raises(DatasetError, match="x has a test split of its own"):
        splits(whole, own, 0.2, 6)
    with pytest.raises(DatasetError, match="x has no test split: name the share"):
        splits(whole, None, None, 6)
    with pytest.raises(DatasetError, match="x has 6 images; 5 are allowed"):
        splits(whole, own, None, 5)
    with pytest.raises(DatasetError, match="x has 4 images; 3 are allowed"):
        splits(whole, None, 0.5, 3)


@pytest.mark.parametrize("size", [(32, 32), (16, 16), (40, 33), (5, 64), (1, 1), (96, 96)])
def test_an_image_is_stored_as_the_mean_of_what_lies_under_each_pixel(
    size: tuple[int, int],
) -> None:
    image = noise(1, *size)[0]
    side = min(size)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    found = as_stored(image)
    assert found.shape == (32, 32, 3)
    assert found.dtype == np.uint8
    for row, column in ((0, 0), (31, 31), (7, 20), (16, 3)):
        mean = sum(
            down * across * int(image[top + y, left + x, 1])
            for y, down in covered(row, side)
            for x, across in covered(column, side)
        )
        assert abs(mean - int(found[row, column, 1])) <= Fraction(1, 2)


def covered(pixel: int, side: int) -> list[tuple[int, Fraction]]:
    """The old pixels under a new one, by the part of it that each covers."""
    start, end = Fraction(pixel * side, 32), Fraction((pixel + 1) * side, 32)
    return [
        (old, (min(end, old + 1) - max(start, old)) / (end - start))
        for old in range(floor(start), ceil(end))
    ]


def test_the_digest_is_that_of_the_arrays(tmp_path: Path) -> None:
    images = noise(PART_IMAGES + 3, 32)
    labels = np.arange(len(images)) % 7
    digest = SplitDigest(len(images))
    sizes = []
    for part in Split(images, labels).parts():
        digest.add(*part)
        sizes.append(len(part[1]))
    assert sizes == [PART_IMAGES, 3]
    whole = repr(images.shape).encode() + images.tobytes() + labels.astype("<i8").tobytes()
    assert digest.hexdigest() == sha256(whole).hexdigest()


def test_parts_are_not_held_once_they_are_read() -> None:
    count = 20 * PART_IMAGES
    images = np.broadcast_to(noise(1, 32), (count, 32, 32, 3))
    split = Split(images, np.zeros(count, np.int64))
    tracemalloc.start()
    try:
        assert sum(len(labels) for _, labels in split.parts()) == count
        assert tracemalloc.get_traced_memory()[1] < 4 * PART_IMAGES * 32 * 32 * 3
    finally:
        tracemalloc.stop()
