"""All asked proxies of one network on one minibatch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from service.catalogue import MEASURED
from service.engine import Measurements, initial_weights, sweep
from service.graph import Graph
from service.proxies.acceptance import MINIMUM_BATCH, refuse_proxies
from service.proxies.formulas import apply_formulas


@dataclass(frozen=True)
class Evaluation:
    """The scores of one network. Every proxy asked for is in `values` or in `undefined`."""

    values: dict[str, float]
    """Finite scores by proxy."""
    undefined: dict[str, str]
    """By proxy without a score: why."""
    seconds: dict[str, float]
    """Wall-clock time of what was run: `build` (the weights) and each pass."""


def evaluate(
    graph: Graph,
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    seed: int,
    proxies: Sequence[str],
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Evaluation:
    """Scores the network of `graph`, initialised by `seed`, on one minibatch.

    `images` (N, 3, R, R) are float32 and `labels` (N,) int64. Only the passes that `proxies` need
    are run, each once. Raises ValueError for fewer than 16 images, for images and labels that do
    not fit each other or the graph, and for a name outside the catalogue
    or of a structural proxy, which no graph says.

    Repeated calls give the same bits as long as the number of threads stays the same: torch's sums
    depend on it. The caller sets it (`torch.set_num_threads`), once a process.
    """
    _check(graph, images, labels, proxies)
    asked = [MEASURED[name] for name in dict.fromkeys(proxies)]
    passes = passes_for(graph, proxies)
    measurements = _measure(graph, images, labels, seed, passes, device, dtype)
    values, undefined = apply_formulas(asked, measurements)
    return Evaluation(values, undefined, measurements.seconds)


def passes_for(graph: Graph, proxies: Sequence[str]) -> frozenset[str]:
    """What the sweep measures of a network for proxies of the catalogue."""
    asked = [MEASURED[name] for name in proxies]
    alive = graph.output_depends_on_input
    measured = [proxy for proxy in asked if alive or not proxy.needs_input]
    return frozenset[str]().union(*(proxy.passes for proxy in measured))


def _check(
    graph: Graph, images: NDArray[np.float32], labels: NDArray[np.int64], proxies: Sequence[str]
) -> None:
    refuse_proxies(proxies)
    if len(images) < MINIMUM_BATCH:
        raise ValueError(f"a batch has at least {MINIMUM_BATCH} images, not {len(images)}")
    if images.shape[1:] != graph.shapes[0]:
        raise ValueError(f"the graph reads images {graph.shapes[0]}, not {images.shape[1:]}")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{len(images)} images want as many labels, not {labels.shape}")


def _measure(
    graph: Graph,
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    seed: int,
    passes: frozenset[str],
    device: str,
    dtype: torch.dtype,
) -> Measurements:
    measurements = Measurements()
    if passes:
        begun = perf_counter()
        weights = initial_weights(graph, seed)
        built = perf_counter() - begun
        measurements = sweep(
            graph,
            weights,
            torch.tensor(images, dtype=dtype, device=device),
            torch.tensor(labels, dtype=torch.int64, device=device),
            passes,
            seed,
        )
        measurements.seconds["build"] = built
    return replace(
        measurements,
        parameters=graph.parameters,
        flops=graph.flops,
        depends_on_images=graph.output_depends_on_input,
    )
