"""The synaptic flow of a network: a pass of its own, without data."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synaptic_flows(network: nn.Module, shape: torch.Size) -> list[Tensor]:
    """Σ |w⊙∂R/∂w| by convolution and linear layer, float64 scalars on the network's device.

    R is the sum of the outputs for one image of ones, of the given shape (C, H, W), with every
    parameter replaced by its absolute value and every batch norm by the identity. Float64
    throughout: 1e61 is seen, and float32 ends at 1e38.
    """
    positive = _without_batch_norm(deepcopy(network)).double()
    layers = [module for module in positive.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weights: list[Tensor] = [layer.weight for layer in layers]
    with torch.no_grad():
        for parameter in positive.parameters():
            parameter.abs_()
    with torch.enable_grad():
        ones = torch.ones(1, *shape, dtype=torch.float64, device=weights[0].device)
        flow = positive(ones).sum()
        gradients = torch.autograd.grad(flow, weights, materialize_grads=True)
    return [(w * g).detach().abs().sum() for w, g in zip(weights, gradients, strict=True)]


def _without_batch_norm(network: nn.Module) -> nn.Module:
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                setattr(parent, name, nn.Identity())
    return network
