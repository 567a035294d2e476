"""What a reader makes of a file or a folder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.minibatch.dataset import Channels, DatasetError, Images
from service.minibatch.readers.limits import Limits
from service.minibatch.whole import Split

NAME_CHARACTERS = 255
"""Of a class: as many as file systems allow."""


@dataclass(frozen=True)
class Labelled:
    """Labelled images, before they are given a name; the fields are those of a `Dataset`."""

    format: str
    title: str
    """What it is, in words."""
    source: str
    """Who made it, where the format says so."""
    sha256: str
    classes: tuple[str, ...]
    mean: Channels
    std: Channels
    images: Images
    labels: NDArray[np.int64]
    test: Split | None = None
    """The test split, where the data has one of its own and it was asked for."""


def class_names(names: Sequence[object], limits: Limits) -> tuple[str, ...]:
    """Names that can be stored and shown; raises DatasetError otherwise."""
    if len(names) > limits.classes:
        raise DatasetError(f"There are {len(names)} classes; {limits.classes} are allowed.")
    read: list[str] = []
    for name in names:
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not (
            text.isprintable() and 1 <= len(text) <= NAME_CHARACTERS
        ):
            raise DatasetError(
                f"The name of class {len(read)} is not 1 to {NAME_CHARACTERS} printable characters."
            )
        read.append(text)
    return tuple(read)
