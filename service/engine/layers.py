"""The layers whose weights the proxies read: every convolution and every linear layer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


@dataclass(frozen=True, eq=False)
class Layer:
    """One weight, without its bias."""

    name: str
    """The weight's, as `named_parameters` spells it."""
    weight: Tensor
    filter_size: int
    """How many weights make one channel of the output."""


def layers(network: nn.Module) -> list[Layer]:
    """Every convolution and linear layer, transposed ones included, in the order of the modules.

    A weight that several modules share is one layer. The projections of `nn.MultiheadAttention` are
    linear layers. Raises ValueError where a weight is not a parameter but computed from others.
    """
    found: dict[int, Layer] = {}
    for path, module in network.named_modules():
        for name, channels in _weights(module):
            full = f"{path}.{name}".lstrip(".")
            weight = module._parameters.get(name)
            if weight is None:
                raise ValueError(
                    f"{full} is computed from other tensors; make it a parameter first "
                    "(torch.nn.utils.parametrize.remove_parametrizations, .prune.remove)"
                )
            found.setdefault(id(weight), Layer(full, weight, weight.numel() // max(channels, 1)))
    return list(found.values())


def functional_layers(
    network: nn.Module, of_modules: Sequence[Layer], seen: Mapping[int, int]
) -> list[Layer]:
    """Those that no module holds: parameters that `F.conv2d` and its like ran with.

    `seen` has the filter size of each parameter that a layer ran with, by its `id`.
    """
    held = {id(layer.weight) for layer in of_modules}
    return [
        Layer(name, parameter, seen[id(parameter)])
        for name, parameter in network.named_parameters()
        if id(parameter) in seen and id(parameter) not in held
    ]


def _weights(module: nn.Module) -> Iterator[tuple[str, int]]:
    """The names of a module's own weights, each with the channels of its output."""
    match module:
        case _ConvNd():
            yield "weight", module.out_channels
        case nn.Linear():
            yield "weight", module.out_features
        case nn.MultiheadAttention(in_proj_weight=Tensor()):
            yield "in_proj_weight", 3 * module.embed_dim
        case nn.MultiheadAttention():
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                yield name, module.embed_dim
        case _:
            pass
