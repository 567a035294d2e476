"""What a network of the zoo is written down on, a second time and without modules."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .plain import LayerRun, Parameters, Plain, Trace

CLASSES = 5
IMAGES = 16


class Sheet:
    """Layers by name; notes what the proxies read."""

    def __init__(self, p: Parameters, norm: bool) -> None:
        self.p = p
        self.norm = norm
        self.trace = Trace(torch.empty(0))

    def conv(
        self,
        x: Tensor,
        name: str,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        weight: Tensor | None = None,
    ) -> Tensor:
        """With `weight`, what the layer makes of the parameter of that name."""
        w = self.p[f"{name}.weight"] if weight is None else weight
        convolution = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[x.ndim]
        bias = self.p.get(f"{name}.bias")
        a = convolution(x, w, bias, stride, padding, dilation, groups)
        size = w[0].numel()
        self.trace.runs.append(LayerRun(f"{name}.weight", a, size, a.numel() * size))
        return a

    def deconv(self, x: Tensor, name: str, stride: int, groups: int) -> Tensor:
        w = self.p[f"{name}.weight"]
        a = F.conv_transpose2d(x, w, self.p[f"{name}.bias"], stride, groups=groups)
        # Channel c of a group is made by column c of every input channel of the group.
        size = w[: len(w) // groups, 0].numel()
        work = x.numel() * w[0].numel()
        self.trace.runs.append(LayerRun(f"{name}.weight", a, size, work))
        return a

    def linear(self, x: Tensor, name: str) -> Tensor:
        """Over the last axis."""
        w = self.p[f"{name}.weight"]
        a = x @ w.T + self.p.get(f"{name}.bias", torch.zeros(len(w), dtype=x.dtype))
        run = LayerRun(f"{name}.weight", a, w.shape[1], a.numel() * w.shape[1], a.ndim - 1)
        self.trace.runs.append(run)
        return a

    def relu(self, x: Tensor) -> Tensor:
        self.trace.relus.append(x)
        return x * (x > 0)

    def relu6(self, x: Tensor) -> Tensor:
        y = self.relu(x)
        return torch.where(y < 6, y, torch.full_like(y, 6))

    def bn(self, x: Tensor, name: str) -> Tensor:
        if not self.norm:
            return x * 1
        return self.affine(normal(x, tuple(d for d in range(x.ndim) if d != 1)), name)

    def group_norm(self, x: Tensor, name: str, groups: int) -> Tensor:
        split = x.reshape(len(x), groups, -1)
        return self.affine(normal(split, (2,)).reshape(x.shape), name)

    def affine(self, x: Tensor, name: str) -> Tensor:
        shape = [1, -1] + [1] * (x.ndim - 2)
        if f"{name}.weight" not in self.p:
            return x
        return x * self.p[f"{name}.weight"].reshape(shape) + self.p[f"{name}.bias"].reshape(shape)


def normal(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    mean = x.mean(dims, keepdim=True)
    return (x - mean) / (((x - mean) ** 2).mean(dims, keepdim=True) + 1e-5).sqrt()


class Member(nn.Module):
    """A network of the zoo, and beside it, in `plain`, what it is."""

    weights: tuple[str, ...] = ()
    """Its layers' weights, by name, without `.weight`."""
    shape: tuple[int, ...] = (3, 8, 8)
    """Of one image."""

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        raise NotImplementedError


class PlainMember(Plain):
    def __init__(self, member: Member, images: Tensor, labels: Tensor) -> None:
        parameters = dict(member.named_parameters())
        super().__init__(
            {name: each.detach().clone() for name, each in parameters.items()},
            [
                f"{name}.weight" if f"{name}.weight" in parameters else name
                for name in member.weights
            ],
            images,
            labels,
        )
        self.trainable = {name for name, each in parameters.items() if each.requires_grad}
        self._plain = member.plain

    def run(self, p: Parameters, images: Tensor, norm: bool = True) -> Trace:
        sheet = Sheet(p, norm)
        # Random layers draw what they draw in `score`.
        torch.manual_seed(0)
        sheet.trace.logits = self._plain(sheet, images)
        return sheet.trace
