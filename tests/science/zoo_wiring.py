"""More of the zoo: how the layers are put together."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .sheet import CLASSES, Member, Sheet


class InPlace(Member):
    """ReLUs and sums in place, right after convolutions, and on the images themselves."""

    weights = ("a", "b", "c", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.c, self.norm = nn.Conv2d(6, 6, 1), nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x += 0.25
        x = self.relu(self.a(x))
        y = self.b(x)
        y += x
        z = self.norm(y)
        z[:, :3] *= 2
        w = self.c(self.relu(z))
        w[:, 1:4].relu_()
        return self.head((w + y).clamp_(min=0).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.conv(x + 0.25, "a", padding=1))
        y = s.conv(x, "b", padding=1) + x
        z = s.bn(y, "norm")
        w = s.conv(s.relu(torch.cat([2 * z[:, :3], z[:, 3:]], 1)), "c")
        w = torch.cat([w[:, :1], s.relu(w[:, 1:4]), w[:, 4:]], 1)
        return s.linear(s.relu(w + y).mean((2, 3)), "head")


class ManyNames(Member):
    """A ReLU by every name, and functions that are none."""

    weights = ("a", "b", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3)
        self.threshold = nn.Threshold(0.0, 0.0)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        x = torch.relu(x - 0.1) + x.clamp(min=0.0) + torch.clamp(0.3 - x, 0) + F.leaky_relu(x)
        x = self.threshold(x - 0.4) + torch.clamp_min(0.8 - x, 0) + x.clip(0, 4) + x.clamp(-1, 1)
        x = self.b(x)
        x = torch.relu_(x + 0.2) + F.threshold(0.1 - x, 0, 0) + F.threshold(x, 0.1, 0)
        return self.head(F.hardswish(x).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.conv(x, "a")
        x = s.relu(x - 0.1) + s.relu(x) + s.relu(0.3 - x) + torch.where(x > 0, x, 0.01 * x)
        clipped = s.relu(x)
        clipped = clipped - (clipped - 4) * (clipped > 4)
        x = s.relu(x - 0.4) + s.relu(0.8 - x) + clipped + F.hardtanh(x)
        x = s.conv(x, "b")
        x = s.relu(x + 0.2) + s.relu(0.1 - x) + x * (x > 0.1)
        return s.linear((x * ((x + 3) / 6 * (x > -3)).clamp(max=1)).mean((2, 3)), "head")


class Shared(Member):
    """One module that runs three times, in two resolutions."""

    weights = ("stem", "again", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.again = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(4), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.again(F.relu(self.stem(x))))
        x = F.relu(self.norm(self.again(F.relu(x))))
        return self.head(F.relu(self.again(F.avg_pool2d(x, 2))).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.bn(s.conv(s.relu(s.conv(x, "stem")), "again", padding=1), "norm")
        x = s.relu(s.bn(s.conv(s.relu(x), "again", padding=1), "norm"))
        x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
        return s.linear(s.relu(s.conv(x, "again", padding=1)).mean((2, 3)), "head")


class Tied(Member):
    """Two modules with one weight, each with its own bias."""

    weights = ("a", "head")
    shape = (6,)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, CLASSES)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.b(F.relu(self.a(x)))))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        s.p["b.weight"] = s.p["a.weight"]
        x = s.relu(s.linear(s.relu(s.linear(x, "a")), "b"))
        s.trace.runs[-1].weight = "a.weight"
        return s.linear(x, "head")


class Unused(Member):
    """Layers that `forward` never calls, and one whose output it drops."""

    weights = ("never.0", "never.1", "dropped", "stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.never = nn.ModuleList([nn.Conv2d(3, 3, 3), nn.Linear(7, 7)])
        self.dropped, self.stem = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        self.dropped(x)
        return self.head(F.relu(self.stem(x)).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        s.conv(x, "dropped")
        return s.linear(s.relu(s.conv(x, "stem")).mean((2, 3)), "head")


class Nested(Member):
    """Residuals, concatenation and a gate by channel, in modules within modules."""

    weights = ("stem", "left.squeeze", "left.excite", "left.conv", "right.0", "head")

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.squeeze, self.excite = nn.Conv2d(4, 2, 1), nn.Linear(2, 4)
            self.conv, self.norm = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)

        def forward(self, x: Tensor, *, scale: float) -> tuple[Tensor, Tensor]:
            gate = self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True))).flatten(1))
            return x * gate.sigmoid()[..., None, None], self.norm(self.conv(x)) * scale

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left = nn.Conv2d(3, 4, 3, padding=1), self.Gated()
        self.right = nn.Sequential(nn.Conv2d(4, 4, 1), nn.MaxPool2d(3, 1, 1))
        self.head = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        gated, convolved = self.left(x, scale=0.5)
        return self.head(F.relu(torch.cat([gated, convolved + x, self.right(x)], 1)).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.conv(x, "stem", padding=1)
        gate = s.relu(s.conv(x.mean((2, 3), keepdim=True), "left.squeeze")).flatten(1)
        gated = x / (1 + (-s.linear(gate, "left.excite")).exp())[..., None, None]
        convolved = s.bn(s.conv(x, "left.conv", padding=1), "left.norm") * 0.5
        right = F.max_pool2d(s.conv(x, "right.0"), 3, 1, 1)
        return s.linear(s.relu(torch.cat([gated, convolved + x, right], 1)).mean((2, 3)), "head")
