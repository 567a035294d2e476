"""How steady the gradients are from one minibatch to the next."""

from math import log

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured


@formula
def zico(measurements: Measurements) -> float:
    """Σ_layers ln Σ_p mean_i |g_ip| / std_i(g_ip), i the minibatch's halves, over p with std > 0.

    A layer whose gradients are the same in both halves contributes 0: those that are 0 in both, of
    a layer that the output does not depend on. Li et al., ZiCo: Zero-shot NAS via Inverse
    Coefficient of Variation on Gradients, ICLR 2023.
    """
    # Not `> 0`: what is not a number has to stay.
    varying = [each for each in measured(measurements.inverse_variations) if each != 0]
    if not varying:
        raise UndefinedError("no layer's gradients differ between the halves of the minibatch")
    return sum(log(each) for each in varying)
