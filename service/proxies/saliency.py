"""How much the loss would change without a weight or a channel, summed over the network."""

from service.engine import Measurements
from service.proxies.registry import formula, measured


@formula
def snip(measurements: Measurements) -> float:
    """Σ |w⊙∂L/∂w|: Lee et al., SNIP: Single-Shot Network Pruning, ICLR 2019."""
    return sum(measured(measurements.absolute_saliencies))


@formula
def plain(measurements: Measurements) -> float:
    """Σ w⊙∂L/∂w, signed: Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021.

    A convolution followed by batch norm contributes 0 up to rounding, for the loss does not change
    with its weights' scale.
    """
    return sum(measured(measurements.saliencies))


@formula
def grasp(measurements: Measurements) -> float:
    """-Σ w⊙Hg, g = ∂L/∂w: Wang et al., Picking Winning Tickets Before Training, ICLR 2020."""
    return -sum(measured(measurements.curvatures))


@formula
def fisher(measurements: Measurements) -> float:
    """Σ_c Δ_c · (weights in channel c's filter): Turner et al., BlockSwap, ICLR 2020.

    Δ_c = ½ mean_n (Σ_hw a⊙∂L/∂a)², a = a layer's output before batch norm. The factor is not in
    the paper's text: its released code, from which the published figures are, sums so.
    """
    saliencies = measured(measurements.channel_saliencies)
    sizes = measured(measurements.filter_sizes)
    return sum(saliency * size for saliency, size in zip(saliencies, sizes, strict=True))
