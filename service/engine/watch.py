"""Reads a network while it runs, whatever modules or functions it is written in.

Calls are seen as the network makes them, `nn.ReLU()(x)` and `x.relu_()` alike, and before autograd:
what a layer puts out is on the graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from service.engine.columns import Columns
from service.engine.dependence import leaves
from service.engine.rectifiers import rectified

_CONVOLUTIONS = frozenset({torch.conv1d, torch.conv2d, torch.conv3d})
_TRANSPOSED = frozenset({torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d})
_EXACT = 2**24
"""Up to here float32 holds every whole number: sums of as many ones are exact."""

_LAYERS = _CONVOLUTIONS | _TRANSPOSED | {F.linear}


@dataclass(frozen=True, eq=False)
class Run:
    """One layer, one of the times that it ran."""

    weight: Tensor
    """The parameter that its weight is, or is computed from."""
    filter_size: int
    """How many weights made one channel of the output."""
    edge: GradientEdge
    """Where its output's gradient is found."""
    channel: int
    """The output's axis of channels, counted from its last."""
    _output: Tensor
    _version: int
    _again: Callable[[], Tensor]

    def output(self) -> Tensor:
        """What the layer put out, detached.

        What an in-place operation has overwritten is computed again: autograd sees to it that the
        layer's own input is still there.
        """
        with torch.no_grad():
            changed = self._output._version != self._version
            return self._again() if changed else self._output.detach()


class Watch(TorchFunctionMode):
    """Reads what `passes` need of a forward while it is entered.

    `images` are as many, `held` the `id` of each weight that a module holds as its own.
    """

    def __init__(self, images: int, held: frozenset[int], passes: frozenset[str]) -> None:
        super().__init__()
        self.multiply_adds = 0
        """Of the minibatch, in convolutions and linear layers."""
        self.runs: list[Run] = []
        """For `fisher`, those that gradients can reach, in the order in which they ran."""
        self.seen: dict[int, int] = {}
        """By the `id` of a parameter that a layer ran with: the filter size, the first time."""
        self.refusal: str | None = None
        """Why the ReLUs say nothing."""
        self.columns = Columns()
        """For `columns`."""
        self._held = held
        self._passes = passes
        self._products = torch.zeros(images, images, dtype=torch.float64, device="cpu")
        self._units = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if (
            self._passes & {"patterns", "columns"}
            and (values := rectified(func, args, kwargs)) is not None
        ):
            self._read_signs(values.detach())
        result = func(*args, **kwargs)
        if func in _LAYERS:
            self._note(func, args, kwargs, result)
        return result

    def agreements(self) -> Tensor:
        """For `patterns`: on how many ReLUs two images agree, (N, N) float64; 0 without a ReLU.

        c cᵀ + (1-c)(1-c)ᵀ for c = [values > 0] is (D + s sᵀ) / 2 for the signs s = 2c - 1, D of
        them in all.
        """
        return (self._products.cpu() + self._units) / 2

    def _read_signs(self, values: Tensor) -> None:
        if values.shape[:1] != self._products.shape[:1]:
            self.refusal = (
                f"a ReLU reads {tuple(values.shape)}, not a row for each of the "
                f"{len(self._products)} images"
            )
            return
        # Channels last is how the values lie in memory: flattening them so copies nothing.
        rows = values.movedim(1, -1).flatten(1) if values.ndim > 1 else values[:, None]
        active = rows > 0
        if "columns" in self._passes:
            self.columns.add(active)
        if "patterns" in self._passes:
            self._compare(active)

    def _compare(self, active: Tensor) -> None:
        signs = active.to(torch.float32).mul_(2).sub_(1)
        self._units += signs.shape[1]
        # The sum stays on the device of the ReLUs: copying each would wait for it.
        self._products = self._products.to(active.device)
        for start in range(0, signs.shape[1], _EXACT):
            part = signs[:, start : start + _EXACT]
            self._products += part @ part.T

    def _parameter(self, weight: Tensor) -> Tensor | None:
        """The one that a weight is, or is made of: standardised, scaled, masked, cut.

        Where it is made of several, the one that is a module's weight.
        """
        if weight.grad_fn is None:
            return weight
        sources = leaves(weight)
        sources = [each for each in sources if id(each) in self._held] or sources
        return sources[0] if len(sources) == 1 else None

    def _note(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        output: Tensor,
    ) -> None:
        read: Tensor = args[0] if args else kwargs["input"]
        weight: Tensor = args[1] if len(args) > 1 else kwargs["weight"]
        channel = -1 if func is F.linear else 1 - weight.ndim
        # A linear layer whose weight is a vector has one channel, and no axis for it.
        channels = output.shape[channel] if weight.ndim > 1 else 1
        filter_size = weight.numel() // max(channels, 1)
        # A transposed convolution spends its weights on each value that it reads.
        self.multiply_adds += (
            read.numel() * weight[0].numel()
            if func in _TRANSPOSED
            else output.numel() * filter_size
        )
        parameter = self._parameter(weight)
        if parameter is None:
            return
        self.seen.setdefault(id(parameter), filter_size)
        if "fisher" in self._passes and output.requires_grad:
            self.runs.append(
                Run(
                    parameter,
                    filter_size,
                    get_gradient_edge(output),
                    channel,
                    output,
                    output._version,
                    partial(func, *args, **kwargs),
                )
            )
