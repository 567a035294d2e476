"""How the network's answers to different images hang together, near each image.

Both read the rows of the Jacobian of the summed logits in the images.
"""

from collections import Counter

import torch
from torch import Tensor

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured

K = 1e-5


@formula
def jacob_cov(measurements: Measurements) -> float:
    """-Σ (ln(λ + k) + 1/(λ + k)), λ the eigenvalues of the N×N Pearson correlations, k = 1e-5.

    Mellor et al., Neural Architecture Search without Training, 2020, arXiv 2006.04647 version 1.
    """
    gram = measured(measurements.jacobian_gram)
    correlations = _correlations(gram, torch.arange(len(gram), device=gram.device))
    # A symmetric solver: a general one gives complex noise.
    shifted = torch.linalg.eigvalsh(correlations) + K
    return -float((shifted.log() + 1 / shifted).sum())


@formula
def epe_nas(measurements: Measurements) -> float:
    """Σ_c |Σ ln(|ρ| + k)|, ρ the Pearson correlations within class c, k = 1e-5.

    The inner sum goes over the whole matrix of a class, diagonal included; a class with one image
    says nothing and is left out. Lopes et al., EPE-NAS: Efficient Performance Estimation Without
    Training for Neural Architecture Search, ICANN 2021. Their code sums so up to a hundred classes
    and otherwise above; here the number of classes changes nothing.
    """
    gram, labels = measured(measurements.jacobian_gram), measured(measurements.labels)
    counts = Counter(labels.tolist())
    classes = sorted(label for label, images in counts.items() if images > 1)
    if not classes:
        raise UndefinedError("no class has two images")
    sums = [
        _correlations(gram, (labels == label).nonzero().flatten()).abs().add(K).log().sum()
        for label in classes
    ]
    return float(torch.stack(sums).abs().sum())


def _correlations(gram: Tensor, images: Tensor) -> Tensor:
    """Pearson's, between the rows of the Jacobian of some images, given by number."""
    chosen = gram[images][:, images]
    if not torch.isfinite(chosen).all():
        raise UndefinedError("not finite: the Jacobian")
    norms = chosen.diagonal().sqrt()
    if constant := images[norms == 0].tolist():
        raise UndefinedError(f"constant Jacobian row: image {constant[0]}")
    return chosen / torch.outer(norms, norms)
