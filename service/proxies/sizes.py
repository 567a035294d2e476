"""What the graph alone says of a network: its parameters and its multiply-adds."""

from service.engine import Measurements
from service.proxies.registry import formula, measured


@formula
def params(measurements: Measurements) -> float:
    """Trainable parameters, those of batch norms and biases included."""
    return float(measured(measurements.parameters))


@formula
def flops(measurements: Measurements) -> float:
    """Multiply-adds of one image: convolutions and linear layers, nothing else."""
    return float(measured(measurements.flops))
