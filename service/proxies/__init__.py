"""The proxies: each a pure function of measurements, and all of them on one network."""

from service.proxies import (
    blocks,
    jacobian,
    norms,
    patterns,
    perturbation,
    saliency,
    sizes,
    steadiness,
    synflow,
)
from service.proxies.evaluate import Evaluation, evaluate
from service.proxies.registry import FORMULAS, UndefinedError
from service.proxies.score import Undefined, score

# Importing a module registers its formulas.
_ = (blocks, jacobian, norms, patterns, perturbation, saliency, sizes, steadiness, synflow)

__all__ = ["FORMULAS", "Evaluation", "Undefined", "UndefinedError", "evaluate", "score"]
