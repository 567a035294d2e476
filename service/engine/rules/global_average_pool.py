"""Global average pooling: the mean over height and width."""

from torch import Tensor

from service.engine.rules.rule import Selection


class GlobalAveragePoolRule(Selection):
    """P takes means, Pᵀ spreads 1/(H W) of each over all cells."""

    keeps_value = False
    keeps_sources = False

    passes_on = True

    def forward(self, x: Tensor) -> Tensor:
        self._shape = x.shape
        return self.along(x)

    def along(self, u: Tensor) -> Tensor:
        return u.mean((2, 3))

    def back(self, u: Tensor) -> Tensor:
        _, _, H, W = self._shape
        return (u / (H * W))[:, :, None, None].expand(self._shape)
