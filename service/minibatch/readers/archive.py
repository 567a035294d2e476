"""Tar archives, read where they lie and never unpacked."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from tarfile import AREGTYPE, BLOCKSIZE, DIRTYPE, REGTYPE, TarError, TarInfo
from typing import Protocol

from service.minibatch.dataset import DatasetError
from service.minibatch.readers.limits import Limits

SKIPPED_AT_ONCE = 2**20
"""Bytes of a file that nobody asked for."""

FILES = (REGTYPE, AREGTYPE)
NOTES = (b"x", b"g", b"L")
"""What tar programs write of the next file: finer times, longer names than any that is wanted."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def members(
    path: Path, file: Readable, wanted: Callable[[str], bool], limits: Limits
) -> Iterator[tuple[str, bytes]]:
    """The wanted files of the archive in `file`, by their last names, in the archive's order.

    The standard library reads the headers, but not the archive: it would keep every header, and a
    list of a sparse file's holes, in memory. Raises DatasetError where the archive is damaged,
    names a path outside of itself, or has links, devices, too many or too large files.
    """
    bounded = _Bounded(file, path, limits.bytes)
    for _ in range(limits.files):
        block = bounded.read(BLOCKSIZE)
        if not block.strip(b"\0"):
            return
        member = _member(path, block)
        if member.type in FILES and wanted(name := PurePosixPath(member.name).name):
            if member.size > limits.pickle_bytes:
                raise DatasetError(
                    f"{name} of {path} has {member.size} bytes; {limits.pickle_bytes} are allowed."
                )
            yield name, bounded.exactly(member.size)
        else:
            bounded.skip(member.size)
        bounded.skip(-member.size % BLOCKSIZE)
    raise DatasetError(f"{path} has more than {limits.files} files.")


def _member(path: Path, block: bytes) -> TarInfo:
    try:
        member = TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except TarError as error:
        raise DatasetError(f"{path} is not a sound tar archive: {error}.") from error
    place = PurePosixPath(member.name)
    if place.is_absolute() or ".." in place.parts:
        raise DatasetError(f"{path} has a file outside of itself: {member.name!a}.")
    if member.type not in (*FILES, DIRTYPE, *NOTES):
        raise DatasetError(f"{path} has {member.name!a}, which is neither a file nor a folder.")
    if member.size < 0:
        raise DatasetError(f"{path} has {member.name!a} of a negative size.")
    return member


class _Bounded:
    """Reads until more was unpacked than is allowed."""

    def __init__(self, file: Readable, path: Path, limit: int) -> None:
        self._file = file
        self._path = path
        self._limit = limit
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise DatasetError(f"{self._path} unpacks to more than {self._limit} bytes.")
        return data

    def exactly(self, size: int) -> bytes:
        data = self.read(size)
        if len(data) < size:
            raise DatasetError(f"{self._path} ends too early.")
        return data

    def skip(self, size: int) -> None:
        for start in range(0, size, SKIPPED_AT_ONCE):
            self.exactly(min(SKIPPED_AT_ONCE, size - start))
