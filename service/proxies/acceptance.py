"""What `score` takes, and what it refuses and why."""

from collections.abc import Iterable
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from service.catalogue import CATALOGUE, MEASURED

MINIMUM_BATCH = 16
"""With fewer images the kernels and correlations between images say nothing."""

_PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def refuse_proxies(names: Iterable[str]) -> None:
    """Raises ValueError for what no network has, whatever it is."""
    refused = [name for name in names if name not in MEASURED]
    if unknown := [name for name in refused if name not in CATALOGUE]:
        raise ValueError(f"no such proxies: {', '.join(unknown)}")
    if refused:
        raise ValueError(f"of a bench's cells alone, not of any network: {', '.join(refused)}")


def bare(network: nn.Module) -> nn.Module:
    """The network that `torch.compile` or a parallel wrapper was given."""
    if not isinstance(network, nn.Module):
        raise TypeError(f"a network is a torch.nn.Module, not {type(network).__name__}")
    while True:
        if isinstance(network, _PARALLEL):
            network = network.module
        elif isinstance(original := getattr(network, "_orig_mod", None), nn.Module):
            network = original
        else:
            return network


def refuse_minibatch(images: Tensor, labels: Tensor) -> None:
    """Raises ValueError for a minibatch that nothing can be scored on."""
    if not isinstance(images, Tensor) or not isinstance(labels, Tensor):
        raise TypeError("images and labels are torch tensors")
    if images.ndim < 2 or not images.is_floating_point():
        raise ValueError(
            f"images are floating point (N, C, H, W) or (N, ...), not {images.dtype} "
            f"{tuple(images.shape)}"
        )
    if len(images) < MINIMUM_BATCH:
        raise ValueError(f"a batch has at least {MINIMUM_BATCH} images, not {len(images)}")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{len(images)} images want as many labels, not {tuple(labels.shape)}")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")


def refuse_network(network: nn.Module, images: Tensor) -> None:
    """Raises ValueError for a network that has no scores, or none on these images."""
    for name, module in network.named_modules():
        called = f"{name or 'the network'} ({type(module).__name__})"
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(f"{called} is a script: what it computes cannot be seen")
        if isinstance(module, _PARALLEL):
            raise ValueError(f"{called} wraps a part of the network: replace it by its `module`")
        if not module.training:
            raise ValueError(f"{called} is in eval mode: call network.train() first")
    for name, tensor in chain(network.named_parameters(), network.named_buffers()):
        if is_lazy(tensor):
            raise ValueError(f"{name} has no shape yet: run the network once first")
        if tensor.device.type == "meta":
            raise ValueError(f"{name} is on the meta device: it has no values")
        if tensor.is_inference():
            raise ValueError(f"{name} was made in inference mode: it has no gradient")
        if tensor.is_complex():
            raise ValueError(f"{name} is complex: the formulas are of real weights")
    parameters = [each for each in network.parameters() if each.is_floating_point()]
    if devices := {each.device for each in parameters} - {images.device}:
        raise ValueError(f"images are on {images.device}, parameters on {devices.pop()}")
    dtypes = {each.dtype for each in parameters}
    if dtypes and images.dtype not in dtypes:
        raise ValueError(f"images are {images.dtype}, parameters {dtypes.pop()}")
