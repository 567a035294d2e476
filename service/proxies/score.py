"""The proxies of any torch module, on a minibatch of the caller's own."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from service.catalogue import MEASURED, OF_ANY_MODULE, Proxy
from service.engine import (
    Measurements,
    generators,
    measure,
    random_states_kept,
    scripts_refused,
    seed_random_numbers,
    unchanged,
)
from service.proxies.acceptance import bare, refuse_minibatch, refuse_network, refuse_proxies
from service.proxies.formulas import apply_formulas


@dataclass(frozen=True)
class Undefined:
    """In place of a score that does not exist: no number, but why."""

    reason: str

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


def score(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    proxies: Sequence[str] = tuple(OF_ANY_MODULE),
    *,
    seed: int = 0,
) -> dict[str, float | Undefined]:
    """Scores a network as it is, with the weights that it has, by proxy in the order asked for.

    The network is in train mode, whatever it is made of, and returns logits (N, classes). `images`
    are (N, C, H, W) or any other (N, ...) that it takes, at least 16, of its dtype and on its
    device; `labels` (N,) are whole numbers below the number of classes. `seed` fixes what random
    layers such as dropout draw; each forward draws the same.

    Afterwards the network and all global random states are as they were, if this raises too. No
    thread may use the network meanwhile. Raises ValueError for what has no scores at all and for
    structural proxies, which only cells of a bench have; what the
    network itself raises goes through. docs/library.md says what is scored and how, and what is
    refused.
    """
    refuse_proxies(proxies)
    asked = [MEASURED[name] for name in dict.fromkeys(proxies)]
    network = bare(network)
    refuse_minibatch(images, labels)
    refuse_network(network, images)
    measurements = replace(
        _measure(network, images, labels, asked, seed),
        parameters=sum(each.numel() for each in network.parameters() if each.requires_grad),
    )
    values, undefined = apply_formulas(asked, measurements)
    return {
        proxy.name: values[proxy.name] if proxy.name in values else Undefined(undefined[proxy.name])
        for proxy in asked
    }


def _measure(
    network: nn.Module, images: Tensor, labels: Tensor, proxies: Sequence[Proxy], seed: int
) -> Measurements:
    passes = frozenset[str]().union(*(proxy.passes for proxy in proxies))
    # Where no graph says them.
    passes |= {proxy.name for proxy in proxies} & {"flops"}
    if not passes:
        return Measurements()
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.autocast(images.device.type, enabled=False))
        stack.enter_context(_uncompiled())
        stack.enter_context(scripts_refused())
        # The other kernels of attention have no second derivative.
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(random_states_kept())
        stack.enter_context(unchanged(network))
        # Whatever else is asked for, each forward draws the same.
        own = generators(network)
        network.register_forward_pre_hook(lambda *_: seed_random_numbers(seed, own), prepend=True)
        for parameter in network.parameters():
            if parameter.is_floating_point():
                parameter.requires_grad_(True)
        # Copies, for tensors of inference mode take no part in a backward.
        labels = labels.to(images.device, torch.int64, copy=True)
        return measure(network, images.clone(), labels, passes | {"dependence"})


def _uncompiled() -> AbstractContextManager[object]:
    """Compiled functions run as they were written, where they can be watched."""
    # Without dynamo nothing has been compiled; loading it takes a second.
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance
