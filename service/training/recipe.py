"""What a reduced training is: everything besides the network, its weights and the images.

Zhou et al., EcoNAS: Finding Proxies for Economical Neural Architecture Search, CVPR 2020; the
optimiser and the settings of Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType

from service.benches import BENCHES, Skeleton

REVISION = "training-1"
"""Of `service.training`; changing what it computes changes every digest."""


def _check(field: str, holds: bool, valid: str) -> None:
    if not holds:
        raise ValueError(f"{field} of a recipe: {valid}")


@dataclass(frozen=True)
class Recipe:
    """One reduced training: EcoNAS's e, s, c and r, its schedule, its optimiser and its seed.

    Raises ValueError, with the field and what is valid.
    """

    epochs: int
    """e: after how many the accuracy is read. No part of the digest, for a longer run of the same
    schedule has the same first epochs."""
    channels: int
    """c: of the stem."""
    resolution: int
    """r: height and width of the images, in pixels."""
    samples: int = 0
    """s: training images, as equally many of each class as can be; 0 for all."""
    schedule_epochs: int = 40
    """After how many the learning rate would be 0."""
    batch_size: int = 2048
    learning_rate: float = 0.1
    """Of the first epoch."""
    momentum: float = 0.9
    """Nesterov's."""
    weight_decay: float = 5e-4
    """Of all parameters, those of batch norms and biases included."""
    seed: int = 0
    """Of the samples, of their order and of how they are cropped and flipped."""

    def __post_init__(self) -> None:
        _check("schedule_epochs", self.schedule_epochs >= 1, "at least 1")
        most = self.schedule_epochs
        _check("epochs", 1 <= self.epochs <= most, f"1 to the schedule's {most}")
        _check("channels", self.channels >= 1, "at least 1")
        _check("resolution", self.resolution >= 1, "at least 1")
        # Of one image at 1×1 there are no batch statistics.
        _check("samples", self.samples == 0 or self.samples >= 2, "0, for all, or at least 2")
        _check("batch_size", self.batch_size >= 2, "at least 2")
        _check("learning_rate", 0 < self.learning_rate < float("inf"), "positive")
        _check("momentum", 0 < self.momentum < 1, "between 0 and 1")
        _check("weight_decay", 0 <= self.weight_decay < float("inf"), "at least 0")
        _check("seed", self.seed >= 0, "at least 0")

    @cached_property
    def digest(self) -> str:
        """32 hex digits, of all fields but `epochs`: runs that have it differ in length alone."""
        fields = {**asdict(self), "revision": REVISION}
        del fields["epochs"]
        return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]

    def skeleton(self, bench: str) -> Skeleton:
        """The bench's full network with this width and resolution; KeyError for no such bench."""
        found = BENCHES[bench]
        full = found.skeletons["full"]
        return {**full, found.width: self.channels, "resolution": self.resolution}


ECONAS = Recipe(epochs=20, channels=4, resolution=8)
"""EcoNAS's own choice."""

ECONAS_PLUS = Recipe(epochs=15, channels=8, resolution=16)
"""The choice of Abdelfattah et al. (section 4.1), who searched the settings again."""

NAMED: Mapping[str, Recipe] = MappingProxyType({"econas": ECONAS, "econas_plus": ECONAS_PLUS})
