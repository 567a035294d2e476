"""`score` leaves no trace: in the network, in the minibatch, in random states; if it raises too."""

import random
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from service.proxies import Undefined, score

from .menagerie import ZOO, born, minibatch
from .sheet import Member


class Raises(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        raise InterruptedError("backward")


class Interrupted(nn.Module):
    """A member of the zoo that runs, and then fails."""

    def __init__(self, member: Member, when: str) -> None:
        super().__init__()
        self.member, self.when = member, when

    def forward(self, x: Tensor) -> Tensor:
        x = self.member(x)
        if self.when == "forward":
            raise InterruptedError("forward")
        return Raises.apply(x) if self.when == "backward" else x


def _bits(tensor: Tensor | None) -> tuple[object, ...] | None:
    if tensor is None:
        return None
    return (
        id(tensor),
        tensor.data_ptr(),
        tensor.dtype,
        tensor.requires_grad,
        tensor.detach().numpy().tobytes(),
    )


def _state(network: nn.Module) -> list[object]:
    found: list[object] = []
    for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
        found += [name, _bits(tensor), _bits(tensor.grad)]
    for name, module in network.named_modules():
        found += [name, id(module), type(module)]
        for key, value in vars(module).items():
            held = (key, id(value), repr(value) if not isinstance(value, nn.Module) else "")
            found.append(held)
    return found


def _random_states() -> list[object]:
    return [
        torch.get_rng_state().tolist(),
        repr(np.random.get_state()),
        random.getstate(),
    ]


@contextmanager
def _untouched(network: nn.Module, images: Tensor, labels: Tensor) -> Iterator[None]:
    before = _state(network), _random_states(), _bits(images), _bits(labels), images.grad
    try:
        yield
    finally:
        assert (
            _state(network),
            _random_states(),
            _bits(images),
            _bits(labels),
            images.grad,
        ) == before


def _used(member: Member) -> list[object]:
    """Gradients, statistics and hooks as training leaves them; the hooks' handles."""
    images, labels = minibatch(member)
    for _ in range(2):
        loss = F.cross_entropy(member(images), labels)
        if loss.requires_grad:
            loss.backward()
    return [
        hook(lambda *_: None)
        for module in member.modules()
        for hook in (module.register_forward_hook, module.register_forward_pre_hook)
    ]


@pytest.mark.parametrize("when", ["never", "forward", "backward"])
@pytest.mark.parametrize("name", ZOO)
def test_nothing_is_left_behind(name: str, when: str) -> None:
    member = born(name)
    handles = _used(member)
    images, labels = minibatch(member)
    network = Interrupted(member, when)
    torch.manual_seed(5)
    fails = nullcontext() if when == "never" else pytest.raises(InterruptedError, match=when)
    with _untouched(network, images, labels), fails:
        score(network, images, labels)
    for handle in handles:
        handle.remove()
    assert not any(module._forward_hooks for module in network.modules())


class Restless(nn.Module):
    """A forward that changes whatever it can reach."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.mean = torch.zeros(4)
        self.calls, self.history, self.cache = 0, [1.0], {"first": 1}

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.steps += 1
        self.scale = self.scale * 2
        with torch.no_grad():
            self.stem.weight.mul_(1.5)
        self.head.weight.data = self.head.weight.data * 2
        x = F.relu(self.stem(x) * self.scale)
        self.mean += x.detach().mean((0, 2, 3))
        self.history.append(float(x.detach().mean()))
        self.cache = {"activations": x}
        self.extra = nn.Linear(2, 2)
        self.head.register_forward_hook(lambda *_: None)
        self.head.bias.requires_grad_(False)
        self.stem.train(False)
        np.random.rand(2)
        random.random()
        return self.head(x.mean((2, 3)) + torch.rand(4))


def test_a_network_that_changes_itself_is_given_back_as_it_was() -> None:
    network = Restless()
    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 5
    with _untouched(network, images, labels):
        found = score(network, images, labels)
    assert network.calls == 0
    assert network.history == [1.0]
    assert network.cache == {"first": 1}
    assert "extra" not in network._modules
    assert {name for name, value in found.items() if isinstance(value, Undefined)} <= {"synflow"}


class Kept(nn.Module):
    """Holds something, and in each forward changes it and scales by what that gives."""

    def __init__(self, held: object, change: Callable[[Any], Any]) -> None:
        super().__init__()
        self.held, self.change, self.seen = held, change, [1]
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(2)
        self.head.bias.data.add_(1)
        x = F.relu(self.stem(x) * self.change(self.held))
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("layout", ["coo", "csr", "csc", "bsr", "bsc"])
def test_sparse_tensors_are_given_back(layout: str) -> None:
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # That they are in beta.
        blocks = {"blocksize": (2, 2)} if layout.startswith("bs") else {}
        sparse = torch.eye(4).to_sparse(layout=getattr(torch, f"sparse_{layout}"), **blocks)
    network = Kept(nn.Buffer(sparse), lambda held: held.mul_(2) is held)
    bias = network.head.bias.clone()
    found = score(network, torch.randn(16, 3, 8, 8), torch.arange(16) % 5)
    assert found["snip"] > 0
    assert network.held is network._buffers["held"]
    assert torch.equal(network.held.to_dense(), torch.eye(4))
    assert network.held.dtype == torch.float32
    assert torch.equal(network.head.bias, bias)
    assert network.seen == [1]


class Frozen(OrderedDict[str, int]):
    """As configurations are: the class itself refuses to change."""

    def __setitem__(self, key: str, value: int) -> None:
        raise TypeError("frozen")

    def update(self, *args: object, **kwargs: object) -> None:
        raise TypeError("frozen")


def test_a_dictionary_that_refuses_to_change_is_given_back() -> None:
    for change in (len, lambda held: OrderedDict.__setitem__(held, "more", 2) or 1):
        frozen = Frozen()
        OrderedDict.__setitem__(frozen, "width", 4)
        network = Kept(frozen, change)
        score(network, torch.randn(16, 3, 8, 8), torch.arange(16) % 5)
        assert network.held is frozen
        assert list(frozen.items()) == [("width", 4)]
        assert network.seen == [1]


def test_a_generator_of_the_network_s_own_draws_by_the_seed_and_is_given_back() -> None:
    network = Kept(torch.Generator().manual_seed(7), lambda own: torch.rand(1, generator=own))
    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 5
    state = network.held.get_state()
    first = score(network, images, labels)
    assert torch.equal(network.held.get_state(), state)
    assert score(network, images, labels) == first
    assert score(network, images, labels, ["snip"])["snip"] == first["snip"]
    assert score(network, images, labels, seed=1)["snip"] != first["snip"]


class Incomparable(Tensor):
    @classmethod
    def __torch_function__(
        cls, func: object, types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.equal:
            raise NotImplementedError("no equality")
        return super().__torch_function__(func, types, args, kwargs)


def test_what_cannot_be_given_back_keeps_nothing_else_from_it() -> None:
    network = Kept(torch.ones(3).as_subclass(Incomparable), lambda held: 1)
    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 5
    before = _state(network.head), _random_states()
    with pytest.raises(NotImplementedError, match="no equality"):
        score(network, images, labels)
    assert (_state(network.head), _random_states()) == before
    assert network.seen == [1]
    assert network._forward_pre_hooks == {}
