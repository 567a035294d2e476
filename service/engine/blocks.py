"""What goes through the blocks of a graph's network: how its values spread, and its gradients.

Lee and Ham, AZ-NAS, CVPR 2024. Nothing of it depends on the images and the weights of the other
passes: the weights are Kaiming's (normal, by the fan in), the images are Gaussian. One forward
through the blocks, and one reverse of each of them by itself, as soon as it has run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod, sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.linalg import LinAlgError  # type: ignore[attr-defined]
from torch.nn import functional as F

from service.engine import walks
from service.engine.findings import UnmeasurableError
from service.engine.gaussian import gaussian
from service.engine.parameters import parameters_for
from service.engine.plan import Plan, plan
from service.engine.rules.layout import for_kernels
from service.engine.streams import stream
from service.engine.weights import kaiming_weights
from service.graph import Graph, blocks

UNKNOWN_BLOCKS = "it is not known of which blocks the network is made"


def measure_blocks(graph: Graph, seed: int, images: Tensor) -> Mapping[str, Any]:
    """The fields of `blocks` in `Measurements`.

    Of `images` (N, C, H, W) only the shape, the dtype and the device count. Raises
    UnmeasurableError for a graph without blocks.
    """
    if not graph.blocks:
        raise UnmeasurableError(UNKNOWN_BLOCKS)
    x = for_kernels(torch.from_numpy(gaussian_images(seed, tuple(images.shape))).to(images))
    covariances: list[Tensor] = []
    crossings: list[_Crossing] = []
    for number, block in enumerate(blocks(graph)):
        planned = plan(block, dead_ends=False, moving=False)
        rules = walks.rules_with(parameters_for(x, kaiming_weights(block, seed)))
        walked = walks.forward(planned, rules, x, reversing=number > 0)
        covariances.append(_covariance(walked.output.u))
        if number:
            crossings.append(_crossed(planned, walked, x, seed, number))
        x = walked.output.u
    try:
        return {
            "block_variances": tuple(map(_eigenvalues, covariances)),
            "block_gains": tuple(each.gain() for each in crossings),
        }
    except LinAlgError as error:
        raise UnmeasurableError(f"not computable: {error}") from error


def gaussian_images(seed: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The standard normal images (N, C, H, W) that go through the blocks."""
    return gaussian(f"{seed}/blocks/images", shape)


def signs(seed: int, number: int, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """±1 at random, for the output (N, H, W, C) of the block of that number."""
    count = prod(shape)
    words = stream(f"{seed}/blocks/{number}/signs").random_raw((count + 63) // 64)
    bits = np.unpackbits(words.astype("<u8", copy=False).view(np.uint8), count=count)
    return (2 * bits.astype(np.int8) - 1).reshape(shape)


def _signs_like(y: Tensor, seed: int, number: int) -> Tensor:
    N, C, H, W = y.shape
    drawn = torch.from_numpy(signs(seed, number, (N, H, W, C)))
    return for_kernels(drawn.to(y.device, y.dtype).permute(0, 3, 1, 2))


def _covariance(y: Tensor) -> Tensor:
    """Of the channels, over images and space: (C, C)."""
    rows = _rows(y)
    centred = rows - rows.mean(0)
    return centred.T @ centred / len(rows)


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Random gradients that have gone back through a block. On the device: nobody waits for it."""

    product: Tensor
    """The mean of g_in g_outᵀ over images and space."""
    unchanged: Tensor | None
    """Whether g_in is g_out; None where it cannot be, having another shape."""

    def gain(self) -> float | None:
        """The product's largest singular value; None of a block that is the identity."""
        if self.unchanged is not None and bool(self.unchanged):
            return None
        double = self.product.double()
        square = double @ double.T if len(double) < double.shape[1] else double.T @ double
        return sqrt(_eigenvalues(square)[-1])


def _crossed(plan: Plan, walked: walks.Walked, x: Tensor, seed: int, number: int) -> _Crossing:
    """Where the block makes maps smaller, the cells of g_in under one of g_out are channels; one at
    the border that has fewer is filled up with zeros."""
    y = walked.output.u
    g_out = _signs_like(y, seed, number)
    g_in = walks.reverse_to_images(plan, walked.rules, g_out)
    if g_in is None:
        g_in = torch.zeros_like(x)
    unchanged = (g_in == g_out).all() if g_in.shape == g_out.shape else None
    if (smaller := ceil(x.shape[2] / y.shape[2])) > 1:
        short = [smaller * made - read for made, read in zip(y.shape[2:], x.shape[2:], strict=True)]
        if any(short):
            g_in = F.pad(g_in, (0, short[1], 0, short[0]))
        g_in = F.pixel_unshuffle(g_in, smaller)
    rows = _rows(g_out)
    return _Crossing(_rows(g_in).T @ rows / len(rows), unchanged)


def _rows(x: Tensor) -> Tensor:
    """(N, C, H, W) as (N H W, C): as it lies in memory on the CPU."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _eigenvalues(symmetric: Tensor) -> tuple[float, ...]:
    """In ascending order, of one without negative ones; NaN for a matrix that is not finite."""
    matrix = symmetric.double().cpu()
    if not bool(matrix.isfinite().all()):
        return (float("nan"),) * len(matrix)
    return tuple(torch.linalg.eigvalsh(matrix).clamp(min=0).tolist())
