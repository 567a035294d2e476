"""Stochastic gradient descent with Nesterov's momentum, and its state as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim import SGD

from service.training.recipe import Recipe

BUFFER = "momentum_buffer"
"""What torch calls the momentum of a parameter."""


def optimiser(module: nn.Module, recipe: Recipe) -> SGD:
    """torch's SGD over all parameters of a module.

    With weight decay λ, momentum μ and rate η: g' = g + λw, v ← μv + g' (v = g' the first time),
    w ← w − η (g' + μv). A parameter that the loss does not depend on has no gradient and stays.
    """
    return SGD(
        module.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
        foreach=False,
    )


def momenta(module: nn.Module, sgd: SGD) -> dict[str, NDArray[Any]]:
    """Copies of the momentum of each parameter that has one, by the parameter's name."""
    return {
        name: sgd.state[parameter][BUFFER].cpu().numpy().copy()
        for name, parameter in module.named_parameters()
        if sgd.state[parameter].get(BUFFER) is not None
    }


def restore_momenta(module: nn.Module, sgd: SGD, found: Mapping[str, NDArray[Any]]) -> None:
    """Gives each parameter named a copy of its momentum."""
    for name, parameter in module.named_parameters():
        if name in found:
            momentum = torch.from_numpy(np.array(found[name])).to(parameter.device)
            sgd.state[parameter][BUFFER] = momentum
