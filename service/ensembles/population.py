"""A frozen reference population: against it an architecture's place never moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

RULES = 2
"""The revision of `service.ensembles.rules`: whoever changes what they give raises it, and then
every population becomes another one and no value of the old rules is taken for one of the new."""


@dataclass(frozen=True)
class Population:
    """Architectures with their joint scores under one protocol."""

    description: str
    """How it was drawn."""
    hashes: tuple[str, ...]
    """Its n members."""
    revisions: Mapping[str, int]
    """Of each proxy."""
    scores: Mapping[str, NDArray[np.float64]]
    """By proxy: (n,), NaN where it is undefined."""

    @cached_property
    def sha256(self) -> str:
        """Of the members, their scores and the revision of the rules."""
        digest = sha256(f"rules {RULES}\n{' '.join(self.hashes)}\n".encode())
        for proxy in sorted(self.scores):
            digest.update(f"{proxy} {self.revisions[proxy]}\n".encode())
            digest.update(self.scores[proxy].astype("<f8").tobytes())
        return digest.hexdigest()
