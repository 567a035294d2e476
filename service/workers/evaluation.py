"""One kind of work: the proxies of one architecture under one protocol."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, nan
from time import perf_counter
from typing import Any

import torch

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.cost import STRUCTURE
from service.db.evaluations import Claimed
from service.engine.memory import bound_bytes, peak_bytes
from service.graph import Graph
from service.minibatch import Minibatch
from service.protocol import Protocol
from service.proxies import Evaluation, evaluate
from service.proxies.evaluate import passes_for
from service.proxies.formulas import NO_PATH
from service.workers.memory import TooLargeError

# What all proxies of a network take on one core of a current CPU, fitted to both benches under both
# protocols: arithmetic where the layers are large, torch's calls where they are small.
SECONDS_PER_MULTIPLY_ADD = 0.17e-9
SECONDS_PER_OPERATION = 0.27e-3

CURVATURE_SHARE = 0.43
"""Of that time, what the motions that grasp needs take."""

FURTHER_SHARES = {"columns": 0.02, "halves": 0.4, "blocks": 0.4, "perturbation": 0.3}
"""What passes take that these were fitted without, as shares of that time."""


@dataclass(frozen=True)
class Setting:
    """A protocol with the minibatch it names."""

    protocol: Protocol
    minibatch: Minibatch

    def graph(self, claimed: Claimed) -> Graph:
        """The network of a claimed architecture; asked for twice, it is made once."""
        skeleton = json.dumps(self.protocol.skeleton)
        spec = json.dumps(claimed.spec)
        return _graph(self.protocol.bench, spec, skeleton, self.protocol.classes)

    def check_memory(self, claimed: Claimed, allowed: int) -> None:
        """Raises TooLargeError where an architecture needs more bytes than that."""
        graph, images = self.graph(claimed), self.protocol.batch_size
        itemsize: int = getattr(torch, self.protocol.precision).itemsize
        passes = passes_for(graph, _measured(claimed))
        # The exact figure takes a tenth of a fast evaluation's time.
        if not passes or bound_bytes(graph, images, itemsize) <= allowed:
            return
        if (needed := peak_bytes(graph, images, passes, itemsize)) > allowed:
            raise TooLargeError(needed, allowed)

    def estimated_seconds(self, claimed: Claimed) -> float:
        """On one CPU core, to size chunks by; never part of a score."""
        passes = {each for name in claimed.proxies for each in CATALOGUE[name].passes}
        if not passes:
            return 0.0
        graph = self.graph(claimed)
        whole = (
            SECONDS_PER_MULTIPLY_ADD * graph.flops * self.protocol.batch_size
            + SECONDS_PER_OPERATION * len(graph.operations)
        )
        # These have walks of their own.
        others = 0 if passes <= {"halves", "blocks", "perturbation"} else 1 - CURVATURE_SHARE
        share = 1 if "curvature" in passes else others
        return whole * (share + sum(FURTHER_SHARES.get(each, 0) for each in passes))


# A chunk is chosen by its graphs' cost and computed from the same graphs right after.
@lru_cache(maxsize=256)
def _graph(bench: str, spec: str, skeleton: str, classes: int) -> Graph:
    return BENCHES[bench].graph(json.loads(spec), json.loads(skeleton), classes)


@dataclass(frozen=True)
class Computed:
    """What answers a claim, and what it took."""

    rows: list[dict[str, Any]]
    """Of `scores`: one a proxy, with its value or its reason."""
    passes: Mapping[str, float]
    """Seconds of the network's `build`, of each pass and of the `structure`."""
    moving: bool
    """Whether the passes carried the motions that `curvature` needs."""


def compute(
    setting: Setting, claimed: Claimed, device: str, allowed: int | None = None
) -> Computed:
    """The proxies of one claimed architecture.

    Raises TooLargeError, with nothing computed, where it needs more bytes of memory than allowed.
    """
    protocol = setting.protocol
    if allowed is not None:
        setting.check_memory(claimed, allowed)
    graph = setting.graph(claimed)
    result = evaluate(
        graph,
        setting.minibatch.images,
        setting.minibatch.labels,
        protocol.seed,
        _measured(claimed),
        device=device,
        dtype=getattr(torch, protocol.precision),
    )
    structure = _structure(setting, claimed)
    values = {**result.values, **structure.values}
    undefined = {**result.undefined, **structure.undefined}
    passes = {**result.seconds, **structure.seconds}
    seconds = sum(passes.values())
    rows = [
        {
            "architecture_id": claimed.architecture_id,
            "protocol_id": claimed.protocol_id,
            "proxy": proxy,
            "revision": CATALOGUE[proxy].revision,
            "value": values.get(proxy),
            "undefined": undefined.get(proxy),
            "device": device,
            "torch": torch.__version__,
            "seconds": seconds,
        }
        for proxy in claimed.proxies
    ]
    return Computed(rows, passes, "curvature" in passes_for(graph, _measured(claimed)))


def _measured(claimed: Claimed) -> list[str]:
    return [name for name in claimed.proxies if not CATALOGUE[name].structural]


def _structure(setting: Setting, claimed: Claimed) -> Evaluation:
    """The structural proxies of a claimed architecture; no network is built for them."""
    protocol = setting.protocol
    asked = [name for name in claimed.proxies if CATALOGUE[name].structural]
    if not asked:
        return Evaluation({}, {}, {})
    begun = perf_counter()
    structure = BENCHES[claimed.bench].structure
    found = structure(dict(claimed.spec), protocol.skeleton, protocol.classes)
    return Evaluation(
        {name: found[name] for name in asked if isfinite(found.get(name, nan))},
        {name: _why_not(found.get(name)) for name in asked if not isfinite(found.get(name, nan))},
        {STRUCTURE: perf_counter() - begun},
    )


def _why_not(value: float | None) -> str:
    return NO_PATH if value is None else f"not finite: {value}"


def described(error: Exception) -> Mapping[str, Any]:
    """What a failed evaluation says of itself."""
    return {"type": getattr(error, "type", type(error).__name__), "detail": str(error)[:1_000]}
