"""How much of a file that somebody else made is read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Each is a setting, `NASCORE_DATASET_..._LIMIT`, where its reason stands."""

    bytes: int
    pickle_bytes: int
    pickle_operations: int
    files: int
    image_bytes: int
    image_pixels: int
    classes: int
