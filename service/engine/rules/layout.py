"""How tensors lie in memory: kernels that walk it want no gaps, and two operands alike."""

import torch
from torch import Tensor

Strides = tuple[int, ...]


def for_kernels(x: Tensor) -> Tensor:
    """A map (N, C, H, W) as its device's kernels want it.

    Channels last on the CPU, where convolutions and pools are much faster so. On a GPU channels
    first: its fast channels-last kernels are for the precisions that a score does not use.
    """
    if x.device.type == "cpu":
        return x.contiguous(memory_format=torch.channels_last)
    return x.contiguous()


def dense(x: Tensor) -> Tensor:
    """x itself, or a copy without gaps of what is a part of something larger."""
    if x.is_contiguous() or x.is_contiguous(memory_format=torch.channels_last):
        return x
    return x.clone()


def laid_out(u: Tensor, strides: Strides) -> Tensor:
    """u itself, or a copy of it with these strides."""
    return u if u.stride() == strides else u.new_empty_strided(u.shape, strides).copy_(u)


def in_memory_order(x: Tensor) -> Tensor:
    """The numbers of a dense x as one vector, in the order in which they lie in memory."""
    return x.as_strided((x.numel(),), (1,))
