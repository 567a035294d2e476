"""More of the zoo: weights that are not what they seem, and scores that do not exist."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .sheet import CLASSES, Member, Sheet


class Frozen(Member):
    """Parameters that are not trained: in every sum but `params`."""

    weights = ("stem", "body", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.body, self.head = nn.Conv2d(6, 4, 3), nn.Linear(4, CLASSES)
        self.stem.requires_grad_(False)
        self.norm.weight.requires_grad_(False)
        self.head.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.body(F.relu(self.norm(self.stem(x))))).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.bn(s.conv(x, "stem"), "norm"))
        return s.linear(s.relu(s.conv(x, "body")).mean((2, 3)), "head")


class FunctionsAlone(Member):
    """Parameters handed to `F.conv2d` and `F.linear`, without modules."""

    weights = ("kernel", "matrix")

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 3, 3, 3) / 5)
        self.shift = nn.Parameter(torch.zeros(4))
        self.matrix = nn.Parameter(torch.randn(CLASSES, 4), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, weight=self.kernel, bias=self.shift, padding=1)
        return F.linear(weight=self.matrix, input=F.relu(x).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        s.p["kernel.weight"], s.p["kernel.bias"] = s.p["kernel"], s.p["shift"]
        s.p["matrix.weight"] = s.p["matrix"]
        logits = s.linear(s.relu(s.conv(x, "kernel", padding=1)).mean((2, 3)), "matrix")
        for run in s.trace.runs:
            run.weight = run.weight.removesuffix(".weight")
        return logits


class Standardised(Member):
    """Convolutions that compute with a function of their weight, and one with a part of it."""

    weights = ("a", "b", "head")

    class Convolution(nn.Conv2d):
        def __init__(self, *sizes: int) -> None:
            super().__init__(*sizes)
            self.gain = nn.Parameter(torch.rand(sizes[1], 1, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            mean = self.weight.mean((1, 2, 3), keepdim=True)
            return self._conv_forward(x, (self.weight - mean) * self.gain, self.bias)

    class Slimmed(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            assert self.bias is not None
            return F.conv2d(x, self.weight[:3, : x.shape[1]], self.bias[:3])

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = self.Convolution(3, 4, 3), nn.BatchNorm2d(4)
        self.b, self.head = self.Slimmed(8, 8, 3), nn.Linear(3, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.b(F.relu(self.norm(self.a(x))))).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        w = s.p["a.weight"]
        w = (w - w.mean((1, 2, 3), keepdim=True)) * s.p["a.gain"]
        x = s.relu(s.bn(s.conv(x, "a", weight=w), "norm"))
        s.p["b.bias"] = s.p["b.bias"][:3]
        x = s.conv(x, "b", weight=s.p["b.weight"][:3, :4])
        return s.linear(s.relu(x).mean((2, 3)), "head")


class Blurred(Member):
    """A fixed kernel: its work counts, its weights do not."""

    weights = ("stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, CLASSES)
        self.register_buffer("kernel", torch.full((4, 1, 2, 2), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.conv2d(F.relu(self.stem(x)), self.kernel, groups=4).relu().mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        kernel = torch.full((4, 1, 2, 2), 0.25, dtype=x.dtype)
        x = s.conv(s.relu(s.conv(x, "stem")), "blur", groups=4, weight=kernel)
        return s.linear(s.relu(x).mean((2, 3)), "head")


class Dropped(Member):
    """Random layers, which draw the same for the same seed."""

    weights = ("stem", "body", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3)
        self.dropout, self.head = nn.Dropout2d(0.4), nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(F.relu(self.stem(x)))
        x = F.relu(self.body(x))
        return self.head(F.dropout(x, 0.3, self.training).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = F.dropout2d(s.relu(s.conv(x, "stem")), 0.4)
        return s.linear(F.dropout(s.relu(s.conv(x, "body")), 0.3).mean((2, 3)), "head")


class NoPath(Member):
    """Logits that the images do not reach."""

    weights = ("stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.zeros_like(F.relu(self.stem(x))).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.conv(x, "stem"))
        return s.linear(0 * x.detach().mean((2, 3)), "head")


class Straight(Member):
    """No ReLU, and a Jacobian that is constant over its one channel."""

    weights = ("head",)
    shape = (1, 6, 6)

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        return s.linear(x.mean((2, 3)), "head")


class Weightless(Member):
    """No layer, no parameter: empty sums."""

    shape = (CLASSES, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x).amax((2, 3))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        return s.relu(x).flatten(2).max(2).values


class Switched(Member):
    """A ReLU that all images switch alike, and a flow that it stops."""

    weights = ("stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.stem(x).sigmoid() - 2 + x.abs().mean()).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = 1 / (1 + (-s.conv(x, "stem")).exp()) - 2 + x.abs().mean()
        return s.linear(s.relu(x).mean((2, 3)), "head")


class NoLayers(Member):
    """What multiplies by parameters and is no layer, and a weight that is made of two."""

    weights = ("stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bilinear = nn.Conv2d(3, 4, 3), nn.Bilinear(4, 4, 4)
        self.matrix = nn.Parameter(torch.randn(4, 4) / 2)
        self.left, self.right = nn.Parameter(torch.randn(4, 1)), nn.Parameter(torch.randn(1, 4))
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x)).mean((2, 3))
        x = F.relu(self.bilinear(x, x) + x @ self.matrix)
        return self.head(F.linear(x, self.left @ self.right))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.conv(x, "stem")).mean((2, 3))
        pairs = torch.einsum("ni,oij,nj->no", x, s.p["bilinear.weight"], x) + s.p["bilinear.bias"]
        s.p["made.weight"] = s.p["left"] @ s.p["right"]
        return s.linear(s.linear(s.relu(pairs + x @ s.p["matrix"]), "made"), "head")


class PartlyWithoutGradient(Member):
    """A branch under `no_grad`: seen by what reads the forward, and by nothing else."""

    weights = ("blind", "stem", "head")

    def __init__(self) -> None:
        super().__init__()
        self.blind, self.stem = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            y = F.relu(self.blind(x))
        return self.head((F.relu(self.stem(x)) + y).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        y = s.relu(s.conv(x, "blind")).detach()
        return s.linear((s.relu(s.conv(x, "stem")) + y).mean((2, 3)), "head")
