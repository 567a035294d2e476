"""Small networks written twice, as modules and on a sheet: what the layers are made of."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .sheet import CLASSES, Member, Sheet, normal


class Biases(Member):
    """Convolutions with biases, batch norm and ReLU as modules, dilation and stride."""

    weights = ("body.0", "body.3", "head")

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 4, 3, stride=2, dilation=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.bn(s.conv(x, "body.0", padding=1), "body.1"))
        x = s.relu(s.conv(x, "body.3", stride=2, dilation=2, padding=1))
        return s.linear(x.mean((2, 3)), "head")


class Mobile(Member):
    """Depthwise and grouped convolutions, ReLU6 as a module and as a function."""

    weights = ("expand", "depthwise", "grouped", "head")

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(3, 8, 1, bias=False)
        self.first = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.second = nn.BatchNorm2d(8)
        self.grouped = nn.Conv2d(8, 6, 1, groups=2)
        self.relu6 = nn.ReLU6(inplace=True)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu6(9 * self.first(self.expand(x)))
        x = F.relu6(self.second(self.depthwise(x)))
        return self.head(F.hardtanh(self.grouped(x), 0.0, 6.0).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu6(9 * s.bn(s.conv(x, "expand"), "first"))
        x = s.relu6(s.bn(s.conv(x, "depthwise", padding=1, groups=8), "second"))
        return s.linear(s.relu6(s.conv(x, "grouped", groups=2)).mean((2, 3)), "head")


class Perceptron(Member):
    """Linear layers alone, on vectors, with batch norm in one dimension."""

    weights = ("a", "b", "head")
    shape = (12,)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Linear(12, 9, bias=False), nn.BatchNorm1d(9)
        self.b, self.head = nn.Linear(9, 7), nn.Linear(7, CLASSES, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.b(self.norm(self.a(x)).relu_()).relu())

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        return s.linear(s.relu(s.linear(s.relu(s.bn(s.linear(x, "a"), "norm")), "b")), "head")


class OneDimension(Member):
    weights = ("a", "b", "head")
    shape = (3, 20)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Conv1d(3, 6, 5, padding=2, bias=False), nn.BatchNorm1d(6)
        self.b, self.head = nn.Conv1d(6, 4, 3, stride=2), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.b(F.relu(self.norm(self.a(x))))).mean(2))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.bn(s.conv(x, "a", padding=2), "norm"))
        return s.linear(s.relu(s.conv(x, "b", stride=2)).mean(2), "head")


class ThreeDimensions(Member):
    weights = ("a", "b", "head")
    shape = (2, 5, 5, 5)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Conv3d(2, 4, 3, padding=1, bias=False), nn.BatchNorm3d(4)
        self.b, self.head = nn.Conv3d(4, 3, 1), nn.Linear(3, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.b(F.relu(self.norm(self.a(x))))).mean((2, 3, 4)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.bn(s.conv(x, "a", padding=1), "norm"))
        return s.linear(s.relu(s.conv(x, "b")).mean((2, 3, 4)), "head")


class Transposed(Member):
    """Convolutions the other way round, one of them in groups."""

    weights = ("down", "up", "grouped", "head")

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 6, 2, stride=2)
        self.up = nn.ConvTranspose2d(6, 4, 3, stride=2)
        self.grouped = nn.ConvTranspose2d(4, 6, 2, groups=2)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.up(F.relu(self.down(x))))
        return self.head(F.relu(self.grouped(x)).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.deconv(s.relu(s.conv(x, "down", stride=2)), "up", 2, 1))
        return s.linear(s.relu(s.deconv(x, "grouped", 1, 2)).mean((2, 3)), "head")


class Norms(Member):
    """The norms that are not batch norm: they stay in synflow."""

    weights = ("a", "b", "c", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.group = nn.Conv2d(3, 6, 3, padding=1), nn.GroupNorm(2, 6)
        self.b, self.instance = nn.Conv2d(6, 4, 3), nn.InstanceNorm2d(4, affine=True)
        self.c, self.layer = nn.Conv2d(4, 4, 3), nn.LayerNorm((4, 4, 4))
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.instance(self.b(torch.relu(self.group(self.a(x))))))
        return self.head(self.layer(self.c(x)).relu().mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.group_norm(s.conv(x, "a", padding=1), "group", 2))
        x = s.relu(s.group_norm(s.conv(x, "b"), "instance", 4))
        x = normal(s.conv(x, "c"), (1, 2, 3)) * s.p["layer.weight"] + s.p["layer.bias"]
        return s.linear(s.relu(x).mean((2, 3)), "head")


class OddBatchNorms(Member):
    """Without affine parameters, without running statistics, with a cumulative average."""

    weights = ("a", "b", "c", "head")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.plain_norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, affine=False)
        self.b, self.forgetful = nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6, track_running_stats=False)
        self.c, self.cumulative = nn.Conv2d(6, 4, 1), nn.BatchNorm2d(4, momentum=None)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.plain_norm(self.a(x)), inplace=True)
        x = F.relu_(self.forgetful(self.b(x)))
        return self.head(F.relu(self.cumulative(self.c(x))).mean((2, 3)))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.bn(s.conv(x, "a"), "plain_norm"))
        x = s.relu(s.bn(s.conv(x, "b"), "forgetful"))
        return s.linear(s.relu(s.bn(s.conv(x, "c"), "cumulative")).mean((2, 3)), "head")


class Tokens(Member):
    """Linear layers over the last axis of several; a batch norm between."""

    weights = ("a", "b", "head")
    shape = (4, 6)

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(6, 8), nn.BatchNorm1d(4), nn.Linear(8, 3)
        self.head = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.b(self.norm(self.a(x)).relu()).relu().flatten(1))

    @staticmethod
    def plain(s: Sheet, x: Tensor) -> Tensor:
        x = s.relu(s.linear(s.relu(s.bn(s.linear(x, "a"), "norm")), "b"))
        return s.linear(x.flatten(1), "head")
