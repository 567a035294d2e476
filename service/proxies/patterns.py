"""How differently images switch the network's ReLUs."""

import torch

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured


@formula
def nwot(measurements: Measurements) -> float:
    """ln |det K|, K_ij on how many ReLUs images i and j agree: Σ_ReLU c cᵀ + (1-c)(1-c)ᵀ.

    Mellor et al., Neural Architecture Search without Training, ICML 2021.
    """
    kernel = measured(measurements.agreements)
    eigenvalues = torch.linalg.eigvalsh(kernel)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    if largest == 0:
        raise UndefinedError("singular kernel: the network has no ReLU")
    if smallest <= len(kernel) * torch.finfo(kernel.dtype).eps * largest:
        raise UndefinedError(
            f"singular kernel: eigenvalues from {smallest:.3g} to {largest:.3g}, "
            "so some images switch the ReLUs alike"
        )
    return float(eigenvalues.log().sum())


@formula
def swap(measurements: Measurements) -> float:
    """How many of the ReLUs' columns differ, a column being N images' signs of one unit.

    Peng et al., SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS, ICLR 2024; without
    its regularisation by the number of parameters.
    """
    distinct = measured(measurements.distinct_columns)
    if distinct == 0:
        raise UndefinedError("the network has no ReLU")
    return float(distinct)
