"""Which calls are ReLUs, under which of its many names."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Function = Callable[..., Any]

_ALWAYS: frozenset[Function] = frozenset(
    {
        F.relu,
        F.relu6,
        torch.relu,
        torch.relu_,
        Tensor.relu,
        Tensor.relu_,
        torch._C._nn.relu6,
        torch._C._nn.relu6_,
    }
)

# By function: its parameters after the input, and what they are by default. A ReLU is one whose
# values are all 0.
_AT_ZERO: dict[Function, dict[str, Any]] = {
    function: parameters
    for functions, parameters in (
        ((F.hardtanh, F.hardtanh_, torch._C._nn.hardtanh, torch._C._nn.hardtanh_), {"min_val": -1}),
        ((torch.clamp, torch.clamp_, Tensor.clamp, Tensor.clamp_), {"min": None}),
        ((torch.clip, torch.clip_, Tensor.clip, Tensor.clip_), {"min": None}),
        ((torch.clamp_min, torch.clamp_min_), {"min": None}),
        ((Tensor.clamp_min, Tensor.clamp_min_), {"min": None}),
        ((F.threshold, torch.threshold, torch.threshold_), {"threshold": None, "value": None}),
    )
    for function in functions
}


def rectified(
    function: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Tensor | None:
    """What a call passes through a ReLU, ReLU6 included; None where it is no ReLU.

    Clamping, thresholding and `hardtanh` are ReLUs where they cut at 0.
    """
    if function not in _ALWAYS:
        parameters = _AT_ZERO.get(function)
        if parameters is None:
            return None
        for position, (name, default) in enumerate(parameters.items(), 1):
            bound = args[position] if len(args) > position else kwargs.get(name, default)
            if not isinstance(bound, int | float) or bound != 0:
                return None
    values: Tensor = args[0] if args else kwargs["input"]
    return values
