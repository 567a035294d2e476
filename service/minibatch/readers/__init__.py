"""Reads other people's data, told apart by what it is and not by what it is called."""

from pathlib import Path

from service.minibatch.dataset import DatasetError
from service.minibatch.readers.folder import read_folder
from service.minibatch.readers.labelled import Labelled
from service.minibatch.readers.limits import Limits
from service.minibatch.readers.npz import read_npz
from service.minibatch.readers.pickled import pickles_in, read_archive, read_pickles

GZIP = b"\x1f\x8b"
ZIP = b"PK"
TAR, TAR_AT = b"ustar", 257
HEAD_BYTES = 512

KNOWN = (
    "the archive or folder of CIFAR-10, CIFAR-100 or ImageNet16-120, an npz with `images` and "
    "`labels`, a folder with a folder of images for each class"
)

__all__ = ["Labelled", "Limits", "read"]


def read(path: Path, limits: Limits, *, test: bool = False) -> Labelled:
    """The labelled images in a file or a folder, and with `test` those of its own test split.

    Nothing in it is run or unpacked, and no more of it is held than `limits` allow. Raises
    DatasetError, with one sentence, where it cannot be read or is refused.
    """
    try:
        if path.is_dir():
            if pickles_in(path):
                return read_pickles(path, limits, test=test)
            return read_folder(path, limits)
        if path.is_file():
            return _read_file(path, limits, test=test)
        exists = path.exists()
    except OSError as error:
        where = error.filename or path
        raise DatasetError(f"{where} cannot be read: {error.strerror}.") from error
    reason = "is neither a file nor a folder" if exists else "does not exist"
    raise DatasetError(f"{path} {reason}.")


def _read_file(path: Path, limits: Limits, *, test: bool) -> Labelled:
    size = path.stat().st_size
    if size > limits.bytes:
        raise DatasetError(f"{path} has {size} bytes; {limits.bytes} are allowed.")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if head.startswith(ZIP):
            return read_npz(path, file, limits, test=test)
        if head.startswith(GZIP) or head[TAR_AT:].startswith(TAR):
            return read_archive(path, file, limits, gzip=head.startswith(GZIP), test=test)
    raise DatasetError(f"{path} is none of the known formats: {KNOWN}.")
