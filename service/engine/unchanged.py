"""What a measurement borrows and gives back: a network's state, and everybody's random numbers."""

import random
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from operator import is_
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_CONTAINERS = (OrderedDict, dict, list, set, deque)
"""A subclass before what it derives from."""


@contextmanager
def unchanged(network: nn.Module) -> Iterator[None]:
    """Whatever the block does to the network, afterwards it is as it was, if it raises too.

    That is: the same parameters, buffers, modules and hooks under the same names, their contents,
    `requires_grad` and `grad`, the mode, and every other attribute of every module; of containers
    what they hold, not what that holds in turn; of torch's generators their states.
    """
    modules = list(network.modules())
    # Whatever one of them raises, all are called.
    with ExitStack() as stack:
        for generator in generators(network):
            stack.callback(generator.set_state, generator.get_state())
        for tensor in _tensors(network):
            _keep_tensor(tensor, stack)
        for module in modules:
            attributes = dict(vars(module))
            stack.callback(_reset, vars(module), attributes)
            for value in attributes.values():
                if isinstance(value, _CONTAINERS):
                    stack.callback(_refill, value, _contents(value))
        yield


def generators(network: nn.Module) -> list[torch.Generator]:
    """The generators of random numbers that are attributes of the modules, each once."""
    attributes = (value for module in network.modules() for value in vars(module).values())
    return list(dict.fromkeys(each for each in attributes if isinstance(each, torch.Generator)))


def _tensors(network: nn.Module) -> list[Tensor]:
    """Parameters, buffers, and tensors that are plain attributes, each once."""
    attributes = (value for module in network.modules() for value in vars(module).values())
    plain = (value for value in attributes if isinstance(value, Tensor))
    found = chain(network.parameters(), network.buffers(), plain)
    return list({id(tensor): tensor for tensor in found}.values())


def _reset(attributes: dict[str, Any], kept: dict[str, Any]) -> None:
    attributes.clear()
    attributes.update(kept)


def _contents(container: Any) -> list[Any]:
    """Its items; of a dictionary each key and then its value."""
    kind = _built_in(container)
    if issubclass(kind, dict):
        return list(chain.from_iterable(kind.items(container)))
    return list(kind.__iter__(container))


def _refill(container: Any, contents: list[Any]) -> None:
    """In place: the handle of a hook knows the very dictionary that the hook is in.

    By the methods of the built-in kind, for a subclass may refuse; where nothing else is held than
    before, not at all.
    """
    found = _contents(container)
    if len(found) == len(contents) and all(map(is_, found, contents)):
        return
    kind = _built_in(container)
    kind.clear(container)
    if issubclass(kind, dict):
        for key, value in zip(contents[::2], contents[1::2], strict=True):
            kind.__setitem__(container, key, value)
    elif issubclass(kind, set):
        kind.update(container, contents)
    else:
        kind.extend(container, contents)


def _built_in(container: Any) -> Any:
    return next(kind for kind in _CONTAINERS if isinstance(container, kind))


def _keep_tensor(tensor: Tensor, stack: ExitStack) -> None:
    data = tensor.data
    for part in _parts(data):
        stack.callback(_copy_back, part, part.clone())
    if tensor.is_leaf:
        stack.callback(_reattach, tensor, data, tensor.grad, tensor.requires_grad)


def _parts(data: Tensor) -> list[Tensor]:
    """The dense tensors that a tensor's numbers lie in: a sparse one has three or two."""
    match data.layout:
        case torch.sparse_coo:
            return [data._indices(), data._values()]
        case torch.sparse_csr | torch.sparse_bsr:
            return [data.crow_indices(), data.col_indices(), data.values()]
        case torch.sparse_csc | torch.sparse_bsc:
            return [data.ccol_indices(), data.row_indices(), data.values()]
    return [data]


def _copy_back(data: Tensor, contents: Tensor) -> None:
    if not torch.equal(data, contents):
        data.copy_(contents)


def _reattach(tensor: Tensor, data: Tensor, grad: Tensor | None, requires_grad: bool) -> None:
    tensor.data = data
    tensor.grad = grad
    tensor.requires_grad_(requires_grad)


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


def seed_random_numbers(seed: int, own: Iterable[torch.Generator] = ()) -> None:
    """All of those start from `seed`, and so do a network's `own` generators."""
    for generator in own:
        generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed would also seed CUDA devices that nobody has used yet.
    torch.default_generator.manual_seed(seed)
    if _on_cuda():
        torch.cuda.manual_seed_all(seed)


def _on_cuda() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
