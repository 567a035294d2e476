"""Writes small datasets in each format, as their owners do."""

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.minibatch.readers import Limits

LIMITS = Limits(
    bytes=2**24,
    pickle_bytes=2**22,
    pickle_operations=100_000,
    files=500,
    image_bytes=2**20,
    image_pixels=2**20,
    classes=200,
)
Uint8 = NDArray[np.uint8]


def noise(count: int, height: int, width: int | None = None) -> Uint8:
    """Images (count, height, width, 3)."""
    shape = (count, height, width or height, 3)
    return np.random.default_rng(count).integers(0, 256, shape, dtype=np.uint8)


def rows(images: Uint8) -> Uint8:
    """As CIFAR has them: all red, all green, all blue values of an image in a row."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)


def python2(value: Any) -> bytes:
    """A pickle of protocol 2 as Python 2 writes it: strings of bytes, and old names of numpy."""
    return b"\x80\x02" + _python2(value) + b"."


def _python2(value: Any) -> bytes:
    match value:
        case bool():
            return b"\x88" if value else b"\x89"
        case int() if 0 <= value < 256:
            return b"K" + bytes([value])
        case int():
            return b"J" + value.to_bytes(4, "little", signed=True)
        case bytes() if len(value) < 256:
            return b"U" + bytes([len(value)]) + value + b"q\x01"
        case bytes():
            return b"T" + len(value).to_bytes(4, "little") + value
        case tuple():
            return b"(" + b"".join(map(_python2, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_python2, value)) + b"e"
        case dict():
            return (
                b"}(" + b"".join(_python2(each) for item in value.items() for each in item) + b"u"
            )
        case np.ndarray():
            return _python2_array(value)
    raise TypeError(type(value))


def _python2_array(value: NDArray[Any]) -> bytes:
    code, order = value.dtype.str[1:].encode(), value.dtype.str[:1].encode()
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    dtype = b"cnumpy\ndtype\n(" + _python2(code) + b"K\x00K\x01tR"
    dtype += b"(K\x03" + _python2(order) + b"NNN" + _python2(-1) + _python2(-1) + b"K\x00tb"
    state = b"(K\x01" + _python2(value.shape) + dtype + b"\x89" + _python2(value.tobytes()) + b"t"
    return empty + state + b"b"


def cifar10(images: Uint8, labels: list[int]) -> dict[str, bytes]:
    """The files, by name; the images dealt to five batches."""
    files = {}
    for number in range(5):
        part = {b"data": rows(images[number::5]), b"labels": labels[number::5]}
        files[f"data_batch_{number + 1}"] = python2({b"batch_label": b"training batch", **part})
    # The published file is of protocol 0, alone among them.
    names = [f"name {label}" for label in range(10)]
    text = "(dp0\nS'num_cases_per_batch'\np1\nI10000\nsS'label_names'\np2\n(lp3\n"
    text += "".join(f"S'{name}'\np{4 + number}\na" for number, name in enumerate(names))
    files["batches.meta"] = f"{text}sS'num_vis'\np14\nI3072\ns.".encode()
    return files


def cifar100(images: Uint8, labels: list[int]) -> dict[str, bytes]:
    train = {b"fine_labels": labels, b"coarse_labels": [0] * len(labels), b"data": rows(images)}
    names = [b"fine %d" % label for label in range(100)]
    return {"train": python2(train), "meta": python2({b"fine_label_names": names})}


def imagenet16(images: Uint8, labels: list[int]) -> dict[str, bytes]:
    """As Python 3 writes it; labels from 1 to 1000."""
    files = {}
    for number in range(10):
        part = {
            "data": rows(images[number::10]),
            "labels": labels[number::10],
            "mean": np.zeros(3 * 16 * 16),
        }
        files[f"train_data_batch_{number + 1}"] = pickle.dumps(part, protocol=3)
    return files


def held_out(published: str, images: Uint8, labels: list[int]) -> dict[str, bytes]:
    """The file of the test split, by the name of the function that writes the training files."""
    pixels = {b"data": rows(images)}
    match published:
        case "cifar10":
            return {"test_batch": python2({**pixels, b"labels": labels})}
        case "cifar100":
            return {"test": python2({**pixels, b"fine_labels": labels})}
        case _:
            return {"val_data": pickle.dumps({"data": rows(images), "labels": labels})}


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        top = tarfile.TarInfo("cifar-batches-py")
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        for name, data in {"readme.html": b"<html>", **files}.items():
            member = tarfile.TarInfo(f"cifar-batches-py/{name}")
            member.size = len(data)
            # A time that is no whole number makes tarfile write a note before the file.
            member.mtime = 1.5
            archive.addfile(member, io.BytesIO(data))
    return path
