"""The loss at the logits: mean cross-entropy."""

import torch
from torch import Tensor

from service.engine.rules import Motion


def loss_cotangent(logits: Motion, labels: Tensor, moving: bool) -> Motion:
    """A = ∂L/∂logits = (p - 1[label])/N for p = softmax(logits), and its motion.

    p moves by ṗ = p ⊙ (ẏ - ⟨p, ẏ⟩) for logits that move by ẏ, and C = ṗ/N.
    """
    y = logits.u
    p = y.softmax(1)
    # Compared, not indexed: on a GPU an index is checked by the CPU.
    chosen = labels[:, None] == torch.arange(y.shape[1], device=y.device)
    A = (p - chosen.to(y.dtype)) / len(y)
    if not moving:
        return Motion(A)
    ẏ = logits.written_with(0).rest
    if ẏ is None:
        return Motion(A)
    C = p * (ẏ - (p * ẏ).sum(1, keepdim=True)) / len(y)
    return Motion(A, C)
