"""Arrays that `numpy.savez` wrote: `images`, `labels` and, as one likes, `classes`, `test_images`
and `test_labels`."""

import zlib
from collections.abc import Sequence
from hashlib import file_digest
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from service.minibatch.colours import Colours
from service.minibatch.dataset import DatasetError
from service.minibatch.readers.labelled import Labelled, class_names
from service.minibatch.readers.limits import Limits
from service.minibatch.whole import Split

END = b"PK\5\6"
END_BYTES = 22
END_64 = b"PK\6\7"
END_64_BYTES = 20
DIRECTORY_BYTES = 2**16
"""Of the list of members: room for hundreds, of which five are read."""

HEADER_BYTES = 10_000
"""Of an array, as numpy allows: it is parsed as Python's literals are."""

TEST_MEMBERS = {"test_images.npy", "test_labels.npy"}

DIMENSIONS = 4
"""Of `images`, which has most."""

VALID = "an npz has `images`, uint8 of (M, H, W, 3) or (M, H, W), and `labels`, integers of (M,)"


def read_npz(path: Path, file: BufferedReader, limits: Limits, *, test: bool) -> Labelled:
    digest = file_digest(file, "sha256").hexdigest()
    _check_directory(path, file)
    try:
        with ZipFile(file) as archive:
            _check_sizes(path, archive, limits)
            images = _images(path, archive, "images")
            labels = _array(path, archive, "labels")
            named = "classes.npy" in archive.namelist()
            classes = _array(path, archive, "classes") if named else None
            test = test and not TEST_MEMBERS.isdisjoint(archive.namelist())
            test_images = _images(path, archive, "test_images") if test else None
            test_labels = _array(path, archive, "test_labels") if test else None
    except DatasetError:
        raise
    except (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise DatasetError(f"{path} is not a sound npz: {error}.") from error
    names, numbers = _labels(path, labels, classes, len(images), limits)
    split = None
    if test_images is not None and test_labels is not None:
        known = range(len(names)) if named else [int(name) for name in names]
        split = Split(test_images, _known(path, test_labels, known, len(test_images)))
    colours = Colours()
    colours.add(images)
    mean, std = colours.mean_and_std()
    return Labelled(
        format="npz",
        title="arrays of an npz file",
        source="",
        sha256=digest,
        classes=names,
        mean=mean,
        std=std,
        images=images,
        labels=numbers,
        test=split,
    )


def _check_directory(path: Path, file: BufferedReader) -> None:
    """Before zipfile reads the list of members whole, half a kilobyte of memory for each."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END_BYTES - END_64_BYTES))
    tail = file.read()
    end = tail[-END_BYTES:]
    if end[:4] != END or end[-2:] != b"\0\0" or tail.startswith(END_64):
        raise DatasetError(f"{path} is not a zip as numpy.savez writes it.")
    if int.from_bytes(end[12:16], "little") > DIRECTORY_BYTES:
        raise DatasetError(f"{path} has too many members; {VALID}.")


def _check_sizes(path: Path, archive: ZipFile, limits: Limits) -> None:
    """By what the members declare; zipfile gives no more than that of any of them."""
    declared = sum(member.file_size for member in archive.infolist())
    if declared > limits.bytes:
        raise DatasetError(f"{path} unpacks to {declared} bytes; {limits.bytes} are allowed.")


def _array(path: Path, archive: ZipFile, name: str) -> NDArray[np.generic]:
    """One array, whose header and sizes agree before anything is allocated for it."""
    found = [member for member in archive.infolist() if member.filename == f"{name}.npy"]
    if len(found) != 1:
        raise DatasetError(f"{path} has {len(found)} arrays called `{name}`; {VALID}.")
    (member,) = found
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise DatasetError(f"`{name}` of {path} is compressed in a way that numpy does not write.")
    with archive.open(member) as file:
        shape, fortran, dtype = _header(path, name, file)
        size = member.file_size - file.tell()
        if prod(shape) * dtype.itemsize != size or size == 0:
            raise DatasetError(f"`{name}` of {path} has another size than its header says.")
        # At the end of it zipfile checks the member's sum.
        data = file.read(size)
    if len(data) != size:
        raise DatasetError(f"`{name}` of {path} ends too early.")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _header(
    path: Path, name: str, file: IO[bytes]
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    try:
        version = npy.read_magic(file)
        # Later versions are for longer headers than these arrays need.
        if version != (1, 0):
            raise ValueError(f"version {version}")
        shape, fortran, dtype = npy.read_array_header_1_0(file, max_header_size=HEADER_BYTES)
        if dtype.kind not in "iuU" or len(shape) > DIMENSIONS:
            raise ValueError("neither integers nor text")
        if any(type(side) is not int or side < 0 for side in shape):
            raise ValueError("no shape")
    except Exception as error:
        # numpy parses the header as Python's literals, and raises what Python's tokenizer does.
        raise DatasetError(
            f"`{name}` of {path} is not an array of whole numbers or text."
        ) from error
    return shape, fortran, dtype


def _images(path: Path, archive: ZipFile, name: str) -> NDArray[np.uint8]:
    found = _array(path, archive, name)
    if found.dtype != np.uint8 or found.ndim not in (3, 4) or found.shape[3:] not in ((), (3,)):
        hint = ""
        if found.ndim == 4 and found.shape[1] == 3:
            hint = f"; {name}.transpose(0, 2, 3, 1) puts the colours last"
        raise DatasetError(f"`{name}` of {path} is {found.dtype} of {found.shape}; {VALID}{hint}.")
    pixels = found.view(np.uint8)
    return pixels if pixels.ndim == 4 else np.broadcast_to(pixels[..., None], (*pixels.shape, 3))


def _labels(
    path: Path,
    found: NDArray[np.generic],
    classes: NDArray[np.generic] | None,
    images: int,
    limits: Limits,
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The classes' names, and labels below their number."""
    _check_labels(path, "labels", found, images)
    values, labels = np.unique(found, return_inverse=True)
    if int(values[0]) < 0:
        raise DatasetError(f"`labels` of {path} has {values[0]}; labels are 0 and above.")
    if classes is None:
        return class_names([str(value) for value in values[: limits.classes + 1]], limits), labels
    if classes.dtype.kind != "U" or classes.ndim != 1:
        raise DatasetError(f"`classes` of {path} is not a list of text.")
    names = class_names(classes.tolist(), limits)
    if int(values[-1]) >= len(names):
        raise DatasetError(f"`labels` of {path} has {values[-1]} for {len(names)} classes.")
    return names, found.astype(np.int64)


def _known(
    path: Path, found: NDArray[np.generic], known: Sequence[int], images: int
) -> NDArray[np.int64]:
    """The test labels as places among those that the training images have, or `classes` names."""
    _check_labels(path, "test_labels", found, images)
    values, places = np.unique(found, return_inverse=True)
    numbers = {value: number for number, value in enumerate(known)}
    # As Python's whole numbers: numpy compares signed and unsigned ones as floats.
    unknown = [int(value) for value in values if int(value) not in numbers]
    if unknown:
        raise DatasetError(f"`test_labels` of {path} has {unknown[0]}, which is no class.")
    return np.array([numbers[int(value)] for value in values], dtype=np.int64)[places]


def _check_labels(path: Path, name: str, found: NDArray[np.generic], images: int) -> None:
    if found.dtype.kind not in "iu" or found.shape != (images,):
        raise DatasetError(
            f"`{name}` of {path} is {found.dtype} of {found.shape} for {images} images; {VALID}."
        )
