"""What the networks of both spaces of TransNAS-Bench-101 begin and end with (Duan et al. 2021)."""

from service.benches.bench import Size, Skeleton
from service.graph import Builder, GlobalAveragePool, Linear

SOURCE = (
    "Duan et al., TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task "
    "Neural Architecture Search, CVPR 2021"
)

BASE = 64
"""The channels of the official networks, as all their spellings say."""

SKELETONS: dict[str, Skeleton] = {
    # The official images have 256×256: sixteen times the work, and of stored images no more is
    # known than 32×32.
    "full": {"channels": BASE, "resolution": 64},
    "fast": {"channels": 16, "resolution": 64},
}


def stem(builder: Builder, channels: int) -> int:
    """Two 3×3 convolutions with stride 2, a ReLU between them; a block."""
    value = builder.convolution_bn(builder.input, "stem.first", _half(channels), 3, stride=2)
    return builder.end_block(
        builder.relu_convolution_bn(value, "stem.second", channels, 3, stride=2)
    )


def head(builder: Builder, value: int, classes: int) -> None:
    """The mean over height and width, and a linear layer."""
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", classes))


def stem_size(skeleton: Skeleton) -> tuple[Size, int]:
    """Of the stem, and the side of its maps."""
    channels, side = skeleton["channels"], skeleton["resolution"]
    half, first, second = _half(channels), halved(side), halved(halved(side))
    parameters = 27 * half + 2 * half + 9 * half * channels + 2 * channels
    return Size(parameters, 27 * half * first**2 + 9 * half * channels * second**2), second


def head_size(channels: int, classes: int) -> Size:
    return Size(classes * (channels + 1), classes * channels)


def halved(side: int) -> int:
    """What a stride of 2 makes of it."""
    return (side + 1) // 2


def _half(channels: int) -> int:
    # As the official code; but one channel, where a reduced training asks for one, has no half.
    return max(1, channels // 2)
