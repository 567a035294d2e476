"""The published datasets, from a folder or from a tar archive of it."""

import zlib
from collections.abc import Iterator
from gzip import GzipFile
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path

from service.minibatch.dataset import DatasetError
from service.minibatch.readers.archive import members
from service.minibatch.readers.cifar import CIFAR_10, CIFAR_100
from service.minibatch.readers.digest import folder_sha256
from service.minibatch.readers.imagenet16 import IMAGENET16_120
from service.minibatch.readers.inside import regular_file
from service.minibatch.readers.labelled import Labelled
from service.minibatch.readers.limits import Limits
from service.minibatch.readers.published import Part

PUBLISHED = (CIFAR_10, CIFAR_100, IMAGENET16_120)
OWNERS = {file: published for published in PUBLISHED for file in published.files}
TESTS = {published.test_file: published for published in PUBLISHED}


def pickles_in(folder: Path) -> list[str]:
    """The names of published files in a folder, of training images and classes."""
    return [file for file in OWNERS if (folder / file).is_file()]


def read_pickles(folder: Path, limits: Limits, *, test: bool) -> Labelled:
    """A folder with at least one file of a published dataset.

    Its SHA-256 is of the files that minibatches are drawn from, whether its test split is read or
    not: so a dataset that is stored can be added to.
    """
    digests: dict[str, str] = {}

    def files() -> Iterator[tuple[str, bytes]]:
        found = pickles_in(folder)
        owners = {OWNERS[name] for name in found}
        tests = [owner.test_file for owner in owners if (folder / owner.test_file).is_file()]
        for name in [*found, *tests] if test else found:
            with regular_file(folder, folder / name).open("rb") as file:
                # One byte more than is allowed tells a file that is too large.
                pickle = file.read(limits.pickle_bytes + 1)
            if len(pickle) > limits.pickle_bytes:
                raise DatasetError(f"{name} has more than {limits.pickle_bytes} bytes.")
            if name in OWNERS:
                digests[name] = sha256(pickle).hexdigest()
            yield name, pickle

    parts = _parts(folder, files(), limits)
    return _assemble(parts, folder_sha256(digests), limits, test=test)


def read_archive(
    path: Path, file: BufferedReader, limits: Limits, *, gzip: bool, test: bool
) -> Labelled:
    """A tar archive, compressed with gzip or not."""
    digest = file_digest(file, "sha256").hexdigest()
    file.seek(0)
    unpacked = GzipFile(fileobj=file) if gzip else file
    try:
        wanted = (OWNERS | TESTS if test else OWNERS).__contains__
        found = members(path, unpacked, wanted, limits)
        parts = _parts(path, found, limits)
    except (EOFError, zlib.error, OSError) as error:
        raise DatasetError(f"{path} cannot be unpacked: {error}.") from error
    if parts.keys().isdisjoint(OWNERS):
        raise DatasetError(
            f"{path} is an archive without the files of "
            f"{', '.join(published.title for published in PUBLISHED)}."
        )
    return _assemble(parts, digest, limits, test=test)


def _parts(path: Path, files: Iterator[tuple[str, bytes]], limits: Limits) -> dict[str, Part]:
    """Each file is let go of before the next is read: ten of ImageNet16 are a gigabyte."""
    parts: dict[str, Part] = {}
    for name, pickle in files:
        if name in parts:
            raise DatasetError(f"{path} has two files called {name}.")
        parts[name] = (OWNERS | TESTS)[name].read(name, pickle, limits)
    return parts


def _assemble(parts: dict[str, Part], digest: str, limits: Limits, *, test: bool) -> Labelled:
    owners = [published for published in PUBLISHED if not parts.keys().isdisjoint(published.files)]
    if len(owners) > 1:
        raise DatasetError(f"These are files of {' and of '.join(o.title for o in owners)}.")
    return owners[0].assemble(parts, digest, limits, test=test)
