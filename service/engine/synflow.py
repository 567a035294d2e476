"""The synaptic flow of a network: a pass of its own, without data."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from service.engine.findings import unmeasurable_where


def synaptic_flows(network: nn.Module, weights: Sequence[Tensor], ones: Tensor) -> list[Tensor]:
    """Σ |w⊙∂R/∂w| of each weight, float64 scalars on the network's device.

    R is the sum of the outputs for `ones`, one image (1, ...), with every parameter replaced by its
    absolute value and every batch norm by the identity; other norms stay. Float64 throughout: 1e61
    is seen, and float32 ends at 1e38. Raises UnmeasurableError where the network fails on that.
    """
    with _absolute(network), _NoBatchNorm(), torch.enable_grad():
        with unmeasurable_where("one image of ones in float64"):
            flow = network(ones.double()).sum()
            if not flow.requires_grad or not weights:
                return [ones.new_zeros((), dtype=torch.float64) for _ in weights]
            gradients = torch.autograd.grad(flow, weights, materialize_grads=True)
        return [(w * g).detach().abs().sum() for w, g in zip(weights, gradients, strict=True)]


@contextmanager
def _absolute(network: nn.Module) -> Iterator[None]:
    """Every parameter is its absolute value in float64, and every buffer float64.

    Their contents are exchanged, not they themselves: whoever holds a parameter, another module or
    a list, sees its absolute value. A copy of the network could not promise that.
    """
    parameters = {id(parameter) for parameter in network.parameters()}
    tensors = [
        tensor
        for tensor in chain(network.parameters(), network.buffers())
        if tensor.is_floating_point()
    ]
    contents = [tensor.data for tensor in tensors]
    try:
        for tensor, content in zip(tensors, contents, strict=True):
            # A copy always: batch norms of float64 would else update the buffers themselves.
            double = content.to(torch.float64, copy=True)
            tensor.data = double.abs_() if id(tensor) in parameters else double
        yield
    finally:
        for tensor, content in zip(tensors, contents, strict=True):
            tensor.data = content


class _NoBatchNorm(TorchFunctionMode):
    """Batch norms are the identity."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is F.batch_norm or func is torch.batch_norm:
            # A copy, as a batch norm's output is one: what follows may work in place.
            return (args[0] if args else kwargs["input"]).clone()
        return func(*args, **kwargs)
