"""Weights as the rules read them."""

import torch
from torch import Tensor

from service.engine.rules import Parameters
from service.engine.rules.layout import for_kernels
from service.engine.weights import Weights


def parameters_for(images: Tensor, weights: Weights) -> Parameters:
    """The parameters in the images' dtype and on their device, laid out for their kernels."""

    def parameter(name: str) -> Tensor:
        tensor = torch.from_numpy(weights[name]).to(images.device, images.dtype)
        return for_kernels(tensor) if tensor.ndim == 4 else tensor

    return parameter
