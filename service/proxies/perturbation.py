"""How strongly the network answers a small change of its images.

Lin et al., Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition, ICCV 2021.
"""

from math import log

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured


@formula
def zen(measurements: Measurements) -> float:
    """ln mean_n Σ |z(x) - z(x + 0.01 x′)| + Σ_BN ln √(mean_c σ_c²), z the features before pooling.

    Weights, x and x′ are standard normal. σ² is the batch's variance of what a batch norm reads
    from x. The released code has the running variance after two updates there, .81 + .19 σ², which
    ranks worse on both benches; and it takes the mean of 32 such scores.
    """
    distance = measured(measurements.feature_distance)
    variances = measured(measurements.norm_variances)
    if distance == 0:
        raise UndefinedError("the features do not move with the images")
    if 0 in variances:
        raise UndefinedError("a batch norm reads a constant")
    return log(distance) + sum(log(variance) for variance in variances) / 2
