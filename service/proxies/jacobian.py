"""How the network's answers to different images hang together, near each image.

Mellor et al., Neural Architecture Search without Training, 2020, arXiv 2006.04647 version 1.
"""

import torch

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured

K = 1e-5


@formula
def jacob_cov(measurements: Measurements) -> float:
    """-Σ (ln(λ + k) + 1/(λ + k)), λ the eigenvalues of the N×N Pearson correlations, k = 1e-5.

    The correlations are those of the rows of the Jacobian of the summed logits in the images.
    """
    gram = measured(measurements.jacobian_gram)
    if not torch.isfinite(gram).all():
        raise UndefinedError("not finite: the Jacobian")
    norms = gram.diagonal().sqrt()
    if constant := (norms == 0).nonzero().flatten().tolist():
        raise UndefinedError(f"constant Jacobian row: image {constant[0]}")
    # A symmetric solver: a general one gives complex noise.
    shifted = torch.linalg.eigvalsh(gram / torch.outer(norms, norms)) + K
    return -float((shifted.log() + 1 / shifted).sum())
