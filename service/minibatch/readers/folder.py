"""A folder of images, one folder a class."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.minibatch.colours import Colours
from service.minibatch.dataset import DatasetError
from service.minibatch.readers.digest import folder_sha256
from service.minibatch.readers.image import decode
from service.minibatch.readers.inside import folder_inside, regular_file, shown
from service.minibatch.readers.labelled import Labelled, class_names
from service.minibatch.readers.limits import Limits


@dataclass(frozen=True)
class FolderImages:
    """Images that stay in their files until they are asked for: all at once may be too many."""

    folder: Path
    paths: list[Path]
    digests: list[str]
    limits: Limits

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        path = self.paths[index]
        data = _content(self.folder, path, self.limits)
        if sha256(data).hexdigest() != self.digests[index]:
            raise DatasetError(f"{shown(self.folder, path)} changed while it was read.")
        return decode(data, shown(self.folder, path), self.limits)


def read_folder(folder: Path, limits: Limits) -> Labelled:
    """Every image is decoded once, so that a damaged one is found whichever are drawn."""
    classes = [folder_inside(folder, path) for path in _visible(folder, limits, 0)]
    if not classes:
        raise DatasetError(f"{folder} has no folders; images belong in one a class.")
    names = class_names([path.name for path in classes], limits)
    paths: list[Path] = []
    labels: list[int] = []
    for label, of_class in enumerate(classes):
        found = _visible(of_class, limits, len(paths))
        paths += [regular_file(folder, path) for path in found]
        labels += [label] * len(found)
    colours = Colours()
    digests: list[str] = []
    for path in paths:
        data = _content(folder, path, limits)
        digests.append(sha256(data).hexdigest())
        colours.add(decode(data, shown(folder, path), limits)[None])
    if not paths:
        raise DatasetError(f"The folders of {folder} are empty.")
    mean, std = colours.mean_and_std()
    relative = [path.relative_to(folder).as_posix() for path in paths]
    return Labelled(
        format="folder",
        title="a folder of images",
        source="",
        sha256=folder_sha256(dict(zip(relative, digests, strict=True))),
        classes=names,
        mean=mean,
        std=std,
        images=FolderImages(folder, paths, digests, limits),
        labels=np.array(labels, dtype=np.int64),
    )


def _visible(folder: Path, limits: Limits, before: int) -> list[Path]:
    """What is in a folder, but for what a leading dot hides; in the order of the names' bytes."""
    found: list[Path] = []
    for count, path in enumerate(_entries(folder), before + 1):
        if count > limits.files:
            raise DatasetError(f"In {folder} there are more than {limits.files} files.")
        if not path.name.startswith("."):
            found.append(path)
    return sorted(found, key=lambda path: os.fsencode(path.name))


def _entries(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.isprintable():
                raise DatasetError(f"{entry.name!a} in {folder} is not a printable name.")
            yield folder / entry.name


def _content(folder: Path, path: Path, limits: Limits) -> bytes:
    with path.open("rb") as file:
        # One byte more than is allowed tells a file that is too large.
        data = file.read(limits.image_bytes + 1)
    if len(data) > limits.image_bytes:
        raise DatasetError(f"{shown(folder, path)} has more than {limits.image_bytes} bytes.")
    return data
