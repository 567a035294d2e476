"""How far a network with Gaussian weights moves its features when its images move a little.

Lin et al., Zen-NAS, ICCV 2021. Nothing of it depends on the minibatch's images and on the weights
of the other passes: both are standard normal. Two forwards, no reverse.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.engine import walks
from service.engine.findings import UnmeasurableError
from service.engine.gaussian import gaussian
from service.engine.parameters import parameters_for
from service.engine.plan import Plan, Step, plan
from service.engine.rules import Rule
from service.engine.rules.batch_norm import BatchNormRule
from service.engine.rules.layout import for_kernels
from service.engine.sums import floats
from service.engine.weights import gaussian_weights
from service.graph import GlobalAveragePool, Graph

STEP = 0.01
"""How much of the second noise is added to the images."""

UNKNOWN_FEATURES = "it is not known what the network's features before global pooling are"


def measure_perturbation(graph: Graph, seed: int, images: Tensor) -> Mapping[str, Any]:
    """The fields of `perturbation` in `Measurements`.

    Of `images` (N, C, H, W) only the shape, the dtype and the device count. Raises
    UnmeasurableError for a graph without a global average pool.
    """
    planned = plan(graph, dead_ends=False, moving=False)
    pools = [step for step in planned.steps if isinstance(step.operation, GlobalAveragePool)]
    if not pools:
        raise UnmeasurableError(UNKNOWN_FEATURES)
    features = pools[-1].sources[0]
    rules = walks.rules_with(parameters_for(images, gaussian_weights(graph, seed)))
    shape = tuple(images.shape)
    x, moved = (
        for_kernels(torch.from_numpy(each).to(images)) for each in perturbed_images(seed, shape)
    )
    z, variances = _forward(planned, rules, x, features)
    z_moved, _ = _forward(planned, rules, moved, features)
    distance = (z - z_moved).abs_().sum(dtype=torch.float64) / len(images)
    return {"feature_distance": float(distance), "norm_variances": floats(variances)}


def perturbed_images(seed: int, shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """Standard normal images (N, C, H, W), and the same with a little of others added."""
    x, noise = (gaussian(f"{seed}/zen/{name}", shape) for name in ("images", "noise"))
    return [x, x + np.float32(STEP) * noise]


def _forward(
    planned: Plan, rule_of: walks.MakeRule, images: Tensor, features: int
) -> tuple[Tensor, list[Tensor]]:
    """The features, and by batch norm the mean of its channels' variances: scalars."""
    found = {0: images}
    variances: list[Tensor] = []
    norms: list[BatchNormRule] = []

    def noting(step: Step) -> Rule:
        rule = rule_of(step)
        if isinstance(rule, BatchNormRule):
            norms.append(rule)
        return rule

    def read(step: Step, value: Tensor) -> None:
        # Right after its forward: a rule holds its source.
        while norms:
            variances.append(norms.pop().variances().mean())
        if step.index == features:
            # A copy: a later reader may work in place.
            found[features] = value.clone()

    walks.forward(planned, noting, images, reversing=False, read=read)
    return found[features], variances
