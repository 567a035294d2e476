"""An npz of one's own: what is read, what is refused, and before how much memory is taken."""

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.minibatch.dataset import DatasetError
from service.minibatch.readers import read
from tests.minibatch.writers import LIMITS, noise

IMAGES = noise(40, 8, 9)
LABELS = np.arange(40) % 4


def npz(path: Path, **arrays: Any) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_and_labels_are_read(tmp_path: Path, save: Any) -> None:
    path = tmp_path / "not an npz by name"
    with path.open("wb") as file:
        save(file, images=np.asfortranarray(IMAGES), labels=LABELS.astype(np.uint8), other=[1.5])
    found = read(path, LIMITS)
    assert found.format == "npz"
    assert np.array_equal([found.images[index] for index in range(40)], IMAGES)
    assert np.array_equal(found.labels, LABELS)
    assert found.classes == ("0", "1", "2", "3")
    assert found.mean == pytest.approx((IMAGES[:, :, :8] / 255).mean(axis=(0, 1, 2)), abs=5e-6)


def test_grey_images_have_three_equal_channels(tmp_path: Path) -> None:
    found = read(npz(tmp_path / "x", images=IMAGES[..., 0], labels=LABELS), LIMITS)
    assert np.array_equal(found.images[3], np.stack([IMAGES[3, ..., 0]] * 3, axis=-1))


def test_classes_are_the_labels_there_are(tmp_path: Path) -> None:
    found = read(npz(tmp_path / "x", images=IMAGES, labels=LABELS * 7 + 1), LIMITS)
    assert found.classes == ("1", "8", "15", "22")
    assert np.array_equal(found.labels, LABELS)


def test_classes_may_have_names(tmp_path: Path) -> None:
    names = ["cat", "dog", "owl", "ant", "bee"]
    found = read(npz(tmp_path / "x", images=IMAGES, labels=LABELS, classes=names), LIMITS)
    assert found.classes == tuple(names)
    assert np.array_equal(found.labels, LABELS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": None}, "0 arrays called `images`; an npz has `images`, uint8 of"),
        ({"labels": None}, "0 arrays called `labels`"),
        ({"images": IMAGES.transpose(0, 3, 1, 2)}, "images.transpose\\(0, 2, 3, 1\\) puts"),
        ({"images": IMAGES / 255}, "`images` of .* is not an array of whole numbers"),
        ({"images": IMAGES.astype(int)}, "is int64 of \\(40, 8, 9, 3\\)"),
        ({"images": IMAGES[0]}, "`labels` of .* for 8 images"),
        ({"images": IMAGES[0, 0]}, "is uint8 of \\(9, 3\\)"),
        ({"images": IMAGES[:, :0]}, "another size than its header says"),
        ({"images": np.zeros((40, 8, 8, 4), np.uint8)}, "is uint8 of \\(40, 8, 8, 4\\)"),
        ({"labels": LABELS[:39]}, "is int64 of \\(39,\\) for 40 images"),
        ({"labels": LABELS[:, None]}, "is int64 of \\(40, 1\\)"),
        ({"labels": LABELS.astype(float)}, "`labels` of .* is not an array of whole numbers"),
        ({"labels": LABELS.astype(bool)}, "`labels` of .* is not an array of whole numbers"),
        ({"labels": LABELS.astype(str)}, "`labels` of .* is <U21"),
        ({"labels": LABELS - 1}, "`labels` of .* has -1; labels are 0 and above"),
        ({"labels": np.array([{}] * 40)}, "`labels` of .* is not an array of whole numbers"),
        ({"classes": ["a", "b", "c"]}, "`labels` of .* has 3 for 3 classes"),
        ({"classes": [1, 2, 3, 4]}, "`classes` of .* is not a list of text"),
        ({"classes": [["a"]]}, "`classes` of .* is not a list of text"),
        ({"classes": ["a", "b", "c", "\n"]}, "class 3 is not 1 to 255 printable characters"),
        ({"classes": ["a", "b", "c", "d" * 256]}, "class 3 is not 1 to 255 printable"),
        ({"classes": [str(n) for n in range(201)]}, "There are 201 classes; 200 are allowed"),
        ({"classes": np.array(["a", None])}, "is not an array of whole numbers or text"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    arrays = {"images": IMAGES, "labels": LABELS, **changes}
    path = npz(tmp_path / "x", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(DatasetError, match=reason):
        read(path, LIMITS)


def test_too_many_classes_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "x", images=noise(300, 2), labels=np.arange(300))
    with pytest.raises(DatasetError, match="There are 201 classes; 200 are allowed"):
        read(path, LIMITS)


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    padded = text.encode() + b"\n"
    return b"\x93NUMPY" + version + len(padded).to_bytes(2, "little") + padded


@pytest.mark.parametrize(
    "hostile",
    [
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000, 32, 32, 3), }"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8, 3), }"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (True, 8, 8, 3), }"),
        header(
            "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999999999999, 0, 1, 3), }"
        ),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (" + "1," * 70 + "), }"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': " + "(" * 3_000 + "1, }"),
        header("{'descr': '<U9999999999', 'fortran_order': False, 'shape': (1,), }"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"),
        header("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1,), }"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': __import__('os'), }"),
        header("{'descr': '|u1'" + " " * 20_000 + "}"),
        header("'''"),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", b"\x02\x00"),
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x80\x04]\x94.",
        b"",
    ],
    ids=range(16),
)
def test_a_hostile_header_takes_little_memory(tmp_path: Path, hostile: bytes) -> None:
    path = zipped(tmp_path / "x", {"images.npy": hostile + bytes(100), "labels.npy": npy(LABELS)})
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=r"`images` of .* (is not an array|has another)"):
            read(path, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x", {"images.npy": npy(np.zeros((2**14, 32, 32), np.uint8))})
    assert path.stat().st_size < 2**17
    with pytest.raises(DatasetError, match="unpacks to 16777344 bytes; 16777216 are allowed"):
        read(path, LIMITS)


def test_a_zip_bomb_that_declares_less_is_cut_there(tmp_path: Path) -> None:
    images = npy(np.zeros((2**14, 32, 32), np.uint8))
    path = zipped(tmp_path / "x", {"images.npy": images, "labels.npy": npy(LABELS)})
    small = npy(np.zeros((40, 32, 32), np.uint8))
    size = len(images).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, len(small).to_bytes(4, "little")))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="another size than its header says"):
            read(path, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_what_zipfile_would_read_whole_is_refused_before(tmp_path: Path) -> None:
    many = {f"a{number}.npy": b"" for number in range(2_000)}
    with pytest.raises(DatasetError, match="has too many members"):
        read(zipped(tmp_path / "many", many), LIMITS)
    path = npz(tmp_path / "x", images=IMAGES, labels=LABELS)
    for name, tail in (("comment", b"comment"), ("cut", b"")):
        other = tmp_path / name
        whole = path.read_bytes()
        other.write_bytes((whole + tail) if tail else whole[:-30])
        with pytest.raises(DatasetError, match=r"not a zip as numpy\.savez writes it"):
            read(other, LIMITS)


def test_other_zips_are_refused(tmp_path: Path) -> None:
    arrays = {"images.npy": npy(IMAGES), "labels.npy": npy(LABELS)}
    with pytest.raises(DatasetError, match="0 arrays called `images`"):
        read(zipped(tmp_path / "1", {"notes.txt": b"x"}), LIMITS)
    with pytest.raises(DatasetError, match="0 arrays called `images`"):
        read(zipped(tmp_path / "2", {}), LIMITS)
    with pytest.raises(DatasetError, match="compressed in a way that numpy does not write"):
        read(zipped(tmp_path / "3", arrays, zipfile.ZIP_LZMA), LIMITS)
    twice = zipped(tmp_path / "4", {**arrays, "imagez.npy": npy(IMAGES)})
    twice.write_bytes(twice.read_bytes().replace(b"imagez.npy", b"images.npy"))
    with pytest.raises(DatasetError, match="2 arrays called `images`"):
        read(tmp_path / "4", LIMITS)


def test_damage_anywhere_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x", {"images.npy": npy(IMAGES), "labels.npy": npy(LABELS)})
    whole = path.read_bytes()
    expected = read(path, LIMITS)
    refused = 0
    for place in range(0, len(whole), 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = read(path, LIMITS)
        except DatasetError:
            refused += 1
        else:
            # A time, or another note that nobody reads.
            assert np.array_equal(found.images[39], expected.images[39])
    assert refused > len(whole) // 37 * 0.9
