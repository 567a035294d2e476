"""CIFAR-10, CIFAR-100 and ImageNet16-120, as folders and as archives, sound and hostile."""

import gzip
import os
import pickle
import subprocess
import tarfile
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.minibatch.dataset import DatasetError
from service.minibatch.readers import Labelled, read
from tests.minibatch.writers import (
    LIMITS,
    Uint8,
    cifar10,
    cifar100,
    imagenet16,
    noise,
    python2,
    write_folder,
    write_tar,
)

IMAGES = noise(60, 32)
LABELS = [number % 10 for number in range(60)]


def stack(labelled: Labelled) -> Uint8:
    return np.stack([labelled.images[index] for index in range(len(labelled.labels))])


def dealt(images: Uint8, batches: int) -> Uint8:
    """In the order of the batches."""
    return np.concatenate([images[number::batches] for number in range(batches)])


@pytest.mark.parametrize("how", ["folder", "w:gz", "w"])
def test_cifar_10(tmp_path: Path, how: str) -> None:
    files = cifar10(IMAGES, LABELS)
    # Not what the owner calls it: only the content counts.
    path = tmp_path / "data.bin"
    path = write_folder(path, files) if how == "folder" else write_tar(path, files, how)
    found = read(path, LIMITS)
    assert found.format == "cifar-10"
    assert np.array_equal(stack(found), dealt(IMAGES, 5))
    assert np.array_equal(found.labels, dealt(np.array(LABELS), 5))
    assert found.classes == tuple(f"name {label}" for label in range(10))
    assert found.mean == (125.3 / 255, 123.0 / 255, 113.9 / 255)
    assert found.std == (63.0 / 255, 62.1 / 255, 66.7 / 255)


@pytest.mark.parametrize("how", ["folder", "w:gz"])
def test_cifar_100_by_its_fine_labels(tmp_path: Path, how: str) -> None:
    labels = [99 - number for number in range(60)]
    files = cifar100(IMAGES, labels)
    path = tmp_path / "cifar-10-python.tar.gz"
    path = write_folder(path, files) if how == "folder" else write_tar(path, files, how)
    found = read(path, LIMITS)
    assert found.format == "cifar-100"
    assert np.array_equal(stack(found), IMAGES)
    assert found.labels.tolist() == labels
    assert len(found.classes) == 100
    assert found.mean == (129.3 / 255, 124.1 / 255, 112.4 / 255)
    assert found.std == (68.2 / 255, 65.4 / 255, 70.4 / 255)


@pytest.mark.parametrize("how", ["folder", "w:gz"])
def test_imagenet16_keeps_its_first_120_classes(tmp_path: Path, how: str) -> None:
    images = noise(300, 16)
    labels = [1 + number for number in range(300)]
    files = imagenet16(images, labels)
    path = tmp_path / "x"
    path = write_folder(path, files) if how == "folder" else write_tar(path, files, how)
    found = read(path, LIMITS)
    assert found.format == "imagenet16-120"
    kept = dealt(np.array(labels), 10) <= 120
    assert np.array_equal(stack(found), dealt(images, 10)[kept])
    assert sorted(found.labels) == list(range(120))
    assert found.classes[0] == "1"
    assert len(found.classes) == 120
    assert found.mean == (122.68 / 255, 116.66 / 255, 104.01 / 255)
    assert found.std == (63.22 / 255, 61.26 / 255, 65.09 / 255)


def test_the_sha256_of_a_folder_is_what_sha256sum_says(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", cifar10(IMAGES, LABELS))
    command = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    said = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert said.stdout.split()[0] == read(folder, LIMITS).sha256


def test_the_sha256_of_an_archive_is_the_file_s(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x", cifar10(IMAGES, LABELS))
    said = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)  # noqa: S607
    assert said.stdout.split()[0] == read(path, LIMITS).sha256


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data_batch_3": None}, "This is CIFAR-10, but without data_batch_3."),
        ({"data_batch_3": b"not a pickle"}, "The pickle data_batch_3 is refused: it "),
        ({"data_batch_3": b"cos\nsystem\n(S'true'\ntR."}, "it names 'os.system'"),
        ({"data_batch_3": python2([1])}, "it is no dictionary"),
        ({"data_batch_3": python2({b"labels": []})}, "it has no `data`"),
        ({"data_batch_3": python2({b"data": [1]})}, "its `data` is not uint8 of N rows by 3072"),
        ({"data_batch_3": python2({b"data": np.zeros((2, 768), np.uint8)})}, "not uint8 of N rows"),
        ({"data_batch_3": python2({b"data": np.zeros((2, 3072), np.int8)})}, "not uint8 of N rows"),
        ({"batches.meta": python2({b"label_names": [b"one"]})}, "not a list of 10"),
        ({"batches.meta": python2({b"label_names": [[]] * 10})}, "class 0 is not 1 to 255"),
        ({"batches.meta": python2({b"label_names": [b"\0"] * 10})}, "class 0 is not 1 to 255"),
        ({"train": b"", "meta": b""}, "The pickle train is refused"),
        (cifar100(IMAGES, LABELS), "These are files of CIFAR-10 and of CIFAR-100."),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    files = {**cifar10(IMAGES, LABELS), **changes}
    folder = write_folder(tmp_path / "x", {k: v for k, v in files.items() if v is not None})
    with pytest.raises(DatasetError, match=reason):
        read(folder, LIMITS)


@pytest.mark.parametrize(
    "labels",
    [[0], [0, 10], [0, -1], [0, True], [0, b"1"], [0, [0]], (0, 1), np.zeros(2), np.zeros((2, 1))],
    ids=repr,
)
def test_labels_are_numbers_one_an_image(tmp_path: Path, labels: object) -> None:
    part = {b"data": np.zeros((2, 3072), np.uint8), b"labels": labels}
    files = {**cifar10(IMAGES, LABELS), "data_batch_1": python2(part)}
    with pytest.raises(DatasetError, match="not a label of 0 to 9 for each of 2 images"):
        read(write_folder(tmp_path / "x", files), LIMITS)


def test_labels_may_be_an_array(tmp_path: Path) -> None:
    part = {b"data": np.zeros((2, 3072), np.uint8), b"labels": np.array([9, 8])}
    files = {**cifar10(IMAGES, LABELS), "data_batch_1": pickle.dumps(part)}
    assert read(write_folder(tmp_path / "x", files), LIMITS).labels[:2].tolist() == [9, 8]


def test_labels_that_are_too_many_take_no_memory(tmp_path: Path) -> None:
    part = {b"data": np.zeros((2, 3072), np.uint8), b"labels": np.zeros(2**20, np.int16)}
    files = {**cifar10(IMAGES, LABELS), "data_batch_1": python2(part)}
    folder = write_folder(tmp_path / "x", files)
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="not a label of 0 to 9 for each of 2 images"):
            read(folder, LIMITS)
        # The file, its bytes of the array, and no object a label.
        assert tracemalloc.get_traced_memory()[1] < 3 * 2**21
    finally:
        tracemalloc.stop()


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", cifar10(IMAGES, LABELS))
    (folder / "data_batch_1").rename(tmp_path / "elsewhere")
    (folder / "data_batch_1").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="'data_batch_1' is a link that leaves the folder"):
        read(folder, LIMITS)
    (folder / "data_batch_1").unlink()
    (tmp_path / "elsewhere").rename(folder / "kept")
    (folder / "data_batch_1").symlink_to("kept")
    assert len(read(folder, LIMITS).labels) == 60


def test_a_pickle_that_is_too_large_is_refused(tmp_path: Path) -> None:
    files = {**cifar10(IMAGES, LABELS), "data_batch_1": b"(" * 5_000}
    limits = replace(LIMITS, pickle_bytes=4_000)
    for path in (write_folder(tmp_path / "x", files), write_tar(tmp_path / "y", files)):
        with pytest.raises(DatasetError, match="4000"):
            read(path, limits)


def member(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for field, value in {"size": len(data), **fields}.items():
        setattr(info, field, value)
    return info, data


BATCHES = [member(f"top/{name}", data) for name, data in cifar10(IMAGES, LABELS).items()]


def write(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """By hand: tarfile writes no member that claims more than it has."""
    blocks = b"".join(
        info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512) for info, data in members
    )
    path.write_bytes(gzip.compress(blocks + bytes(1024)))
    return path


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (member("../../etc/cron.d/evil", b"x"), "a file outside of itself: '../../etc"),
        (member("top/../../data_batch_1", b"x"), "a file outside of itself"),
        (member("/etc/passwd", b"x"), "a file outside of itself: '/etc/passwd'"),
        (member("x", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "'x', which is neither a file"),
        (member("x", type=tarfile.LNKTYPE, linkname="top/train"), "neither a file nor a folder"),
        (member("x", type=tarfile.CHRTYPE), "neither a file nor a folder"),
        (member("x", type=tarfile.BLKTYPE), "neither a file nor a folder"),
        (member("x", type=tarfile.FIFOTYPE), "neither a file nor a folder"),
        (member("x", type=tarfile.GNUTYPE_SPARSE), "neither a file nor a folder"),
        (member("else/data_batch_1", BATCHES[0][1]), "two files called data_batch_1"),
        (member("data_batch_1", b"", size=2**40), "1099511627776 bytes; 4194304 are allowed"),
        (member("x", b"", size=2**40), "ends too early"),
    ],
)
def test_a_hostile_member_is_refused(
    tmp_path: Path, hostile: tuple[tarfile.TarInfo, bytes], reason: str
) -> None:
    with pytest.raises(DatasetError, match=reason):
        read(write(tmp_path / "x.tar.gz", *BATCHES[:1], hostile, *BATCHES[1:]), LIMITS)


def test_a_member_of_a_negative_size_is_refused(tmp_path: Path) -> None:
    block = bytearray(member("x")[0].tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 12
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(block)[0]  # type: ignore[attr-defined]
    path = tmp_path / "x.tar"
    path.write_bytes(block + bytes(1024))
    with pytest.raises(DatasetError, match="of a negative size"):
        read(path, LIMITS)


def test_long_names_are_passed_over(tmp_path: Path) -> None:
    long = member(f"top/{'n' * 300}", b"x")
    assert len(read(write(tmp_path / "x", long, *BATCHES), LIMITS).labels) == 60


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="an archive without the files of CIFAR-10, CIFAR-100"):
        read(write(tmp_path / "x", member("notes.txt", b"x")), LIMITS)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x", *(member(f"f{number}") for number in range(600)))
    with pytest.raises(DatasetError, match="more than 500 files"):
        read(path, LIMITS)


@pytest.mark.parametrize(
    "name", ["readme.html", "data_batch_1"], ids=["in what is skipped", "in what is read"]
)
def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "x", member(name, bytes(2**22)), *BATCHES)
    limits = replace(LIMITS, bytes=2**21)
    assert path.stat().st_size < limits.bytes
    with pytest.raises(DatasetError, match="unpacks to more than 2097152 bytes"):
        read(path, limits)


def test_a_file_over_the_limit_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file:
        os.truncate(file.fileno(), LIMITS.bytes + 1)
    with pytest.raises(DatasetError, match="has 16777217 bytes; 16777216 are allowed"):
        read(path, LIMITS)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "x", *BATCHES).read_bytes()
    path = tmp_path / "y"
    damaged = (
        whole[: len(whole) // 2],
        whole[:100] + bytes(100) + whole[200:],
        gzip.compress(b"no archive" * 1_000),
        gzip.compress(b"short"),
        b"\x1f\x8b nothing",
    )
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(DatasetError, match=f"^{path} "):
            read(path, LIMITS)


@pytest.mark.parametrize("name", ["absent", "file", "pipe", "empty"])
def test_what_is_no_dataset_is_said_to_be_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("some notes")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    reason = {
        "absent": "absent does not exist.",
        "file": "file is none of the known formats: the archive or folder of CIFAR-10",
        "empty": "empty is none of the known formats",
        "pipe": "pipe is neither a file nor a folder.",
    }[name]
    with pytest.raises(DatasetError, match=reason):
        read(tmp_path / name, LIMITS)
