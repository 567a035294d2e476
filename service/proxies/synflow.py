"""The synaptic flow: Tanaka et al., Pruning Neural Networks Without Any Data, NeurIPS 2020."""

from math import log

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured


@formula
def synflow(measurements: Measurements) -> float:
    """ln Σ |w⊙∂R/∂w|, R = the summed outputs of the network with absolute parameters for ones.

    The logarithm, for the sum itself spans sixty orders of magnitude.
    """
    flow = sum(measured(measurements.synaptic_flows))
    if flow <= 0:
        raise UndefinedError("no synaptic flow: no path from input to output")
    return log(flow)
