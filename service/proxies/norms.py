"""Norms of weights and gradients.

Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021.
"""

from service.engine import Measurements
from service.proxies.registry import formula, measured


@formula
def l2_norm(measurements: Measurements) -> float:
    """Σ_layers ‖w‖₂."""
    return sum(measured(measurements.weight_norms))


@formula
def grad_norm(measurements: Measurements) -> float:
    """Σ_layers ‖∂L/∂w‖₂."""
    return sum(measured(measurements.gradient_norms))
