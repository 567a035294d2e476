"""Datasets that their owners publish as pickles: what is alike in all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.minibatch.dataset import Channels, DatasetError
from service.minibatch.readers.labelled import Labelled, class_names
from service.minibatch.readers.limits import Limits
from service.minibatch.readers.pickled_arrays import Array, PickleRefusedError
from service.minibatch.readers.pickles import load
from service.minibatch.whole import Split


@dataclass(frozen=True)
class Part:
    """What one pickle holds: images uint8 (N, H, W, 3) and labels (N,), or the classes' names."""

    images: NDArray[np.uint8] | None = None
    labels: NDArray[np.int64] | None = None
    classes: list[object] = field(default_factory=list)


class Document:
    """The dictionary of a pickle; its keys are bytes where Python 2 wrote it."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise PickleRefusedError("it is no dictionary")
        self._fields: Mapping[object, object] = value

    def get(self, key: str) -> object:
        for spelled in (key, key.encode()):
            if spelled in self._fields:
                return self._fields[spelled]
        raise PickleRefusedError(f"it has no `{key}`")

    def images(self, key: str, side: int) -> NDArray[np.uint8]:
        """From rows of all red, all green, all blue values; a view of (N, side, side, 3)."""
        found = self.get(key)
        values = found.values if isinstance(found, Array) else None
        if values is None or values.dtype != np.uint8 or values.shape[1:] != (3 * side * side,):
            raise PickleRefusedError(f"its `{key}` is not uint8 of N rows by {3 * side * side}")
        return values.astype(np.uint8, copy=False).reshape(-1, 3, side, side).transpose(0, 2, 3, 1)

    def labels(self, key: str, count: int, lowest: int, highest: int) -> NDArray[np.int64]:
        """`count` whole numbers, as a list or an array."""
        found = self.get(key)
        # The shape first: as whole numbers of Python, an array takes up to 36 times its bytes.
        if isinstance(found, Array) and found.values is not None and found.values.shape == (count,):
            found = found.values.tolist()
        # Nothing else is compared or converted: a list may hold itself.
        if (
            not isinstance(found, list)
            or len(found) != count
            or any(type(label) is not int or not lowest <= label <= highest for label in found)
        ):
            raise PickleRefusedError(
                f"its `{key}` is not a label of {lowest} to {highest} for each of {count} images"
            )
        return np.array(found, dtype=np.int64)

    def names(self, key: str, count: int) -> list[object]:
        found = self.get(key)
        if not isinstance(found, list) or len(found) != count:
            raise PickleRefusedError(f"its `{key}` is not a list of {count}")
        return found


@dataclass(frozen=True)
class Published:
    """A dataset that is published as pickles of these names."""

    format: str
    title: str
    source: str
    files: tuple[str, ...]
    """Of the training images and the names of the classes."""
    test_file: str
    mean: Channels
    std: Channels
    part: Callable[[str, Document], Part]
    """Of a file's name and what it holds."""

    def read(self, file: str, pickle: bytes, limits: Limits) -> Part:
        """One of `files`, or the `test_file`; raises DatasetError."""
        try:
            return self.part(file, Document(load(pickle, limits.pickle_operations)))
        except PickleRefusedError as error:
            raise DatasetError(f"The pickle {file} is refused: {error}.") from error

    def assemble(
        self, parts: Mapping[str, Part], sha256: str, limits: Limits, *, test: bool
    ) -> Labelled:
        """Of the parts by file, in the order of `files` wherever they were found."""
        wanted = (*self.files, self.test_file) if test else self.files
        missing = [file for file in wanted if file not in parts]
        if missing:
            raise DatasetError(f"This is {self.title}, but without {', '.join(missing)}.")
        whole = [parts[file] for file in self.files]
        classes = [name for part in whole for name in part.classes]
        return Labelled(
            format=self.format,
            title=self.title,
            source=self.source,
            sha256=sha256,
            classes=class_names(classes, limits),
            mean=self.mean,
            std=self.std,
            images=np.concatenate([part.images for part in whole if part.images is not None]),
            labels=np.concatenate([part.labels for part in whole if part.labels is not None]),
            test=self._test(parts[self.test_file]) if test else None,
        )

    def _test(self, part: Part) -> Split:
        if part.images is None or part.labels is None or not len(part.labels):
            raise DatasetError(f"The test split of this {self.title} has no images.")
        return Split(part.images, part.labels)


def of_255(red: float, green: float, blue: float) -> Channels:
    """Constants that are stated of pixel values from 0 to 255."""
    return red / 255, green / 255, blue / 255
