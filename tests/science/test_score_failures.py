"""One proxy that fails leaves the others standing; networks that run in unusual ways."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from service.proxies import Undefined, score

from .menagerie import born, minibatch


class Odd(nn.Module):
    """A network that does something of its own between two layers."""

    def __init__(self, odd: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head, self.odd = nn.Conv2d(3, 4, 3), nn.Linear(4, 5), odd
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.odd(F.relu(self.stem(x))).mean((2, 3)))


def scored(network: nn.Module) -> dict[str, float | Undefined]:
    return score(network, *minibatch(born("Biases")))


class OnceDifferentiable(torch.autograd.Function):
    """The square; torch marks its gradient as one that has no derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * 2 * ctx.saved_tensors[0]


def _fold(x: Tensor) -> Tensor:
    """Two rows an image, of half its channels."""
    return x.reshape(len(x) * 2, -1, *x.shape[2:])


_FOLDED = "a ReLU reads (32, 2, 6, 6), not a row for each of the 16 images"
_RESHAPED = "shape '[16, 4, 6, 6]' is invalid for input of size"


@pytest.mark.parametrize(
    ("odd", "reasons"),
    [
        (
            lambda x: F.relu(_fold(x)).reshape(x.shape),
            {"nwot": _FOLDED, "swap": _FOLDED},
        ),
        (
            lambda x: x.reshape(16, 4, 6, 6),
            {
                "synflow": "the network does not run on one image of ones in float64: "
                f"{_RESHAPED} 144",
                "zico": f"the network does not run on half of the images: {_RESHAPED} 1152",
            },
        ),
        (
            lambda x: x * torch.cdist(x.flatten(2), x.flatten(2)).mean(),
            {
                "grasp": "no second derivative: the derivative for '_cdist_backward' is not "
                "implemented."
            },
        ),
        (
            lambda x: OnceDifferentiable.apply(x),
            {"grasp": "no second derivative: a function of the network is differentiable once"},
        ),
    ],
)
def test_one_failing_leaves_the_others_standing(
    odd: Callable[[Tensor], Tensor], reasons: dict[str, str]
) -> None:
    found = scored(Odd(odd))
    for proxy, reason in reasons.items():
        assert found.pop(proxy) == Undefined(reason)
    assert all(isinstance(value, float) for value in found.values())


def test_a_layer_without_a_row_for_each_image_has_no_channel_saliency() -> None:
    odd = Odd(lambda x: odd.folded(_fold(x)).reshape(x.shape))
    odd.folded = nn.Conv2d(2, 2, 1).double()
    found = scored(odd)
    reason = "a layer puts out (32, 2, 6, 6), not a row for each of the 16 images"
    assert found.pop("fisher") == Undefined(reason)
    assert all(isinstance(value, float) for value in found.values())
    # 4×3×9 weights on 6×6, 2×2 weights on 2 rows of 6×6, 5×4 weights.
    assert found["flops"] == (108 + 2 * 4) * 36 + 20


def test_a_layer_without_an_axis_of_channels_has_no_channel_saliency() -> None:
    odd = Odd(lambda x: x * F.linear(x.mean((2, 3)), odd.scale)[:, None, None, None])
    odd.scale = nn.Parameter(torch.rand(4, dtype=torch.float64))
    found = scored(odd)
    reason = "a layer puts out (16,), not channels for each image"
    assert found.pop("fisher") == Undefined(reason)
    assert all(isinstance(value, float) for value in found.values())
    assert found["flops"] == 108 * 36 + 4 + 20


class Attention(nn.Module):
    """Self-attention over 16 pixels of 6 channels."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 6, 2, stride=2)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 5)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x)).flatten(2).transpose(1, 2)
        x, _ = self.attention(x, x, x, need_weights=False)
        return self.head(F.relu(x).mean(1))


class PlainAttention(Attention):
    """The same, the projections `F.linear`, every product written out."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x)).flatten(2).transpose(1, 2)
        attention = self.attention
        q, k, v = (
            each.unflatten(2, (2, 3)).transpose(1, 2)
            for each in F.linear(x, attention.in_proj_weight, attention.in_proj_bias).chunk(3, 2)
        )
        weights = (q @ k.transpose(2, 3) / 3**0.5).exp()
        x = (weights / weights.sum(3, keepdim=True) @ v).transpose(1, 2).flatten(2)
        return self.head(F.relu(attention.out_proj(x)).mean(1))


def test_attention_has_all_but_what_must_see_its_projections_run() -> None:
    found, expected = scored(Attention()), scored(PlainAttention())
    reason = "no call of a convolution or linear layer is seen to use attention.in_proj_weight"
    assert found.pop("fisher") == found.pop("flops") == Undefined(reason)
    assert expected.pop("flops") == 3 * 6 * 4 * 16 + (18 * 6 + 6 * 6) * 16 + 6 * 5
    assert isinstance(expected.pop("fisher"), float)
    assert found == pytest.approx(expected, rel=1e-9)


# What runs in another way than it is written


def test_a_compiled_or_parallel_network_scores_as_the_network_itself() -> None:
    expected = scored(born("Biases"))
    assert scored(nn.DataParallel(born("Biases"))) == expected
    assert scored(torch.compile(born("Biases"), backend="eager")) == expected
    member = born("Biases")
    member.body = torch.compile(member.body, backend="eager")
    assert scored(member) == expected


def test_a_checkpointed_network_scores_as_the_network_itself() -> None:
    member = born("Biases")
    body = member.body
    member.body = nn.Identity()
    expected = scored(nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), member.head))

    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = body, member.head

        def forward(self, x: Tensor) -> Tensor:
            return self.head(checkpoint(self.body, x, use_reentrant=False).mean((2, 3)))

    found = scored(Checkpointed())
    # Its backward runs the body a second time, where nobody takes its batch norm away.
    undefined = found.pop("synflow")
    assert isinstance(undefined, Undefined)
    assert "torch.utils.checkpoint: Recomputed values" in undefined.reason
    del expected["synflow"]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_callers_grad_mode_changes_nothing(context: Callable[[], torch.no_grad]) -> None:
    expected = scored(born("Biases"))
    network = born("Biases")
    with context():
        assert scored(network) == expected
        assert not torch.is_grad_enabled()
    with torch.autocast("cpu", torch.bfloat16):
        images, labels = minibatch(network)
        found = score(network.float(), images.float(), labels)
        assert torch.is_autocast_enabled("cpu")
    assert found == pytest.approx(expected, rel=1e-3)


def test_what_the_network_raises_goes_through() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        scored(Odd(lambda x: x[:, :3]))
