"""Where a run is after an epoch, as bytes that can be kept and that nothing is run from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.training.origin import Origin

HEAD = b"nascore checkpoint 1\n"
HEADER = "header"
"""The array that holds epoch and origin, as JSON; the states' names all have a slash."""

DIGEST_BYTES = 32


class CheckpointError(ValueError):
    """The bytes are no whole checkpoint, or it is one of another run."""


@dataclass(frozen=True)
class Checkpoint:
    """The whole state after `epoch` epochs: another process goes on from it to the same bits."""

    epoch: int
    origin: Origin
    state: Mapping[str, NDArray[Any]]
    """By `module/<name>` parameters and running statistics, by `momentum/<name>` the optimiser's
    momentum where it has one."""

    def to_bytes(self) -> bytes:
        """A line that names the format, a SHA-256, and the npz that it is of; equals give equal."""
        header = json.dumps({"epoch": self.epoch, "origin": asdict(self.origin)}).encode()
        arrays: dict[str, NDArray[Any]] = {HEADER: np.frombuffer(header, np.uint8), **self.state}
        file = BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        content = file.getvalue()
        return HEAD + sha256(content).digest() + content

    @classmethod
    def from_bytes(cls, data: bytes) -> "Checkpoint":
        """The inverse. Raises CheckpointError for what was cut short or changed."""
        start = len(HEAD) + DIGEST_BYTES
        content = data[start:]
        if not data.startswith(HEAD):
            raise CheckpointError("no checkpoint: it does not begin as one")
        if data[len(HEAD) : start] != sha256(content).digest():
            raise CheckpointError("a torn checkpoint: it is not what its SHA-256 is of")
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            state = {name: arrays[name] for name in arrays.files}
        header = json.loads(state.pop(HEADER).tobytes())
        return cls(header["epoch"], Origin(**header["origin"]), state)

    def check(self, origin: Origin) -> None:
        """Raises CheckpointError where a run of that origin cannot go on from here."""
        if differ := ", ".join(self.origin.differences(origin)):
            raise CheckpointError(f"a checkpoint of another run: other {differ}")
