"""What a measurement borrows and gives back: a network's state, and everybody's random numbers."""

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@contextmanager
def unchanged(network: nn.Module) -> Iterator[None]:
    """Whatever the block does to the network, afterwards it is as it was, if it raises too.

    That is: the same parameters, buffers, modules and hooks under the same names, their contents,
    `requires_grad` and `grad`, the mode, and every other attribute of every module; of containers
    what they hold, not what that holds in turn.
    """
    restore = [_kept_module(module) for module in network.modules()]
    restore += [_kept_tensor(tensor) for tensor in _tensors(network)]
    try:
        yield
    finally:
        for each in restore:
            each()


def _tensors(network: nn.Module) -> list[Tensor]:
    """Parameters, buffers, and tensors that are plain attributes, each once."""
    attributes = (value for module in network.modules() for value in vars(module).values())
    plain = (value for value in attributes if isinstance(value, Tensor))
    found = chain(network.parameters(), network.buffers(), plain)
    return list({id(tensor): tensor for tensor in found}.values())


def _kept_module(module: nn.Module) -> Callable[[], None]:
    attributes = dict(vars(module))
    containers = [
        (value, dict(value) if isinstance(value, dict) else list(value))
        for value in attributes.values()
        if isinstance(value, dict | list | set | deque)
    ]

    def restore() -> None:
        for container, contents in containers:
            _refill(container, contents)
        vars(module).clear()
        vars(module).update(attributes)

    return restore


def _refill(container: Any, contents: Any) -> None:
    """In place: the handle of a hook knows the very dictionary that the hook is in."""
    container.clear()
    if isinstance(container, list | deque):
        container.extend(contents)
    else:
        container.update(contents)


def _kept_tensor(tensor: Tensor) -> Callable[[], None]:
    data, contents = tensor.data, tensor.detach().clone()
    requires_grad, grad = tensor.requires_grad, tensor.grad if tensor.is_leaf else None

    def restore() -> None:
        if tensor.is_leaf:
            tensor.data = data
            tensor.grad = grad
            tensor.requires_grad_(requires_grad)
        if not torch.equal(data, contents):
            data.copy_(contents)

    return restore


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Global random numbers go on afterwards as if none had been drawn.

    Torch's on the CPU and on every CUDA device that is in use, numpy's and Python's.
    """
    on_cuda = _on_cuda()
    pythons, numpys, torchs = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cudas = torch.cuda.get_rng_state_all() if on_cuda else []
    try:
        yield
    finally:
        random.setstate(pythons)
        np.random.set_state(numpys)
        torch.set_rng_state(torchs)
        if on_cuda:
            torch.cuda.set_rng_state_all(cudas)


def seed_random_numbers(seed: int) -> None:
    """All of those start from `seed`."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed would also seed CUDA devices that nobody has used yet.
    torch.default_generator.manual_seed(seed)
    if _on_cuda():
        torch.cuda.manual_seed_all(seed)


def _on_cuda() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
