"""Stored scores against the same scores computed anew: how far apart, and whether that is noise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

import torch

from service.catalogue import CATALOGUE
from service.db.audits import Drawn
from service.db.evaluations import Claimed
from service.workers.evaluation import Setting, compute

TORCH: str = torch.__version__
"""What computes here."""

_ABSOLUTE = frozenset({"synflow", "progressivity", "trainability"})
"""What is a logarithm, or a difference of what is about 1, and may be 0."""

BOUNDS: Mapping[str, float] = {
    "params": 0.0,
    "flops": 0.0,
    "l2_norm": 1e-6,
    "grad_norm": 2e-2,
    "plain": 3e-3,
    "snip": 2e-2,
    "grasp": 5e-1,
    "fisher": 2e-2,
    "synflow": 1e-4,
    "jacob_cov": 2e-3,
    "epe_nas": 1e-1,
    "nwot": 1e-5,
    "swap": 1e-4,
    "zico": 1e-1,
    "zen": 1e-6,
    "expressivity": 1e-6,
    "progressivity": 5e-6,
    "trainability": 1e-3,
    "structural_synflow": 1e-12,
    "structural_pools": 0.0,
    "structural_path_length": 0.0,
    "structural_identity_paths": 0.0,
    "structural_depth_3x3": 0.0,
    "structural_pools_per_path": 0.0,
}
"""By proxy: the largest `difference` that passes for the noise of float32, and of a logarithm.

Where a proxy is computed in float32, two to four times the largest seen on 151 networks of both
benches under `fast` between torch's kernels for AVX-512 and for SSE 4.1, or more. That largest is
of a network whose undecided ReLUs tip; the median is far below it.
"""


@dataclass(frozen=True, slots=True)
class Value:
    """A proxy of one drawn architecture, stored and recomputed; None is undefined."""

    proxy: str
    drawn: Drawn
    stored: float | None
    recomputed: float | None
    difference: float
    """See `difference`; infinite where one of the two is undefined alone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A drawn architecture that cannot be computed here."""

    drawn: Drawn
    reason: str


@dataclass
class Tally:
    """What was found for one proxy."""

    differences: list[float] = field(default_factory=list)
    """Of those compared: both defined."""
    same_bits: int = 0
    undefined: int = 0
    """Both undefined."""
    mismatched: int = 0
    """One of the two undefined."""
    largest: Value | None = None
    """The farthest apart of those compared; None where nothing differs."""
    above: list[Value] = field(default_factory=list)
    """Those beyond the bound, and the mismatched."""

    def add(self, value: Value, bound: float) -> None:
        if value.difference > bound:
            self.above.append(value)
        if value.stored is None and value.recomputed is None:
            self.undefined += 1
        elif value.stored is None or value.recomputed is None:
            self.mismatched += 1
        else:
            self.differences.append(value.difference)
            self.same_bits += value.stored == value.recomputed
            if value.difference > (self.largest.difference if self.largest else 0.0):
                self.largest = value


def recompute(setting: Setting, drawn: Drawn, device: str) -> list[Value] | Failure:
    """All stored scores of a drawn architecture against new ones, as a worker computes them."""
    # `plain` is measured by `snip`, from the same pass.
    proxies = [name for name in CATALOGUE if name in drawn.scores or name == "snip"]
    claimed = Claimed(
        drawn.evaluation_id,
        drawn.architecture_id,
        drawn.hash,
        drawn.bench,
        drawn.spec,
        proxies,
        drawn.protocol_id,
        request_id="",
        queued_seconds=0.0,
    )
    try:
        rows = compute(setting, claimed, device).rows
    except Exception as error:
        return Failure(drawn, f"{type(error).__name__}: {error}")
    recomputed: dict[str, float | None] = {row["proxy"]: row["value"] for row in rows}
    return [
        Value(
            name,
            drawn,
            stored.value,
            recomputed[name],
            difference(name, stored.value, recomputed[name], recomputed["snip"]),
        )
        for name, stored in drawn.scores.items()
    ]


def difference(
    proxy: str, stored: float | None, recomputed: float | None, snip: float | None
) -> float:
    """|recomputed - stored|, relative to |stored|, with two exceptions.

    `plain` is relative to Σ|w⊙g|, the recomputed `snip`: its terms cancel, and what is left of them
    is mostly their rounding. `synflow` is a logarithm, whose difference is relative already, and
    `progressivity` and `trainability` are differences: where they are below 1, theirs are not
    divided.
    """
    if stored == recomputed:
        return 0.0
    if stored is None or recomputed is None:
        return inf
    scale = abs(stored)
    if proxy == "plain" and snip is not None:
        scale = snip
    elif proxy in _ABSOLUTE:
        scale = max(1.0, scale)
    return abs(recomputed - stored) / scale if scale else inf


def tallies(values: Iterable[Value], bounds: Mapping[str, float]) -> dict[str, Tally]:
    """By proxy, in the catalogue's order; those of which nothing is stored are left out."""
    found = {name: Tally() for name in CATALOGUE}
    for value in values:
        found[value.proxy].add(value, bounds[value.proxy])
    return {name: tally for name, tally in found.items() if tally != Tally()}
