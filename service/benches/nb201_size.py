"""The size of an NB201 network in closed form: a hundredth of the time that its graph takes."""

from service.benches.bench import Size, Skeleton
from service.benches.edge_values import CONVOLUTION_1X1, CONVOLUTION_3X3, Cell, live
from service.benches.nb201_skeleton import STAGES


def size(cell: Cell, skeleton: Skeleton, classes: int) -> Size:
    """What `network(cell, skeleton, classes)` has, layer for layer."""
    used = live(cell)
    ones, threes = used.count(CONVOLUTION_1X1), used.count(CONVOLUTION_3X3)
    side, width = skeleton["resolution"], skeleton["channels"]
    weights, norms, flops = 27 * width, 2 * width, 27 * width * side**2
    for stage in range(STAGES):
        if stage:
            # Two convolutions of 3×3, the first with stride 2, beside one of 1×1 without a norm.
            side, width = side // 2, 2 * width
            reduction = width**2 * (9 + 18 + 1) // 2
            weights, norms = weights + reduction, norms + 4 * width
            flops += reduction * side**2
        cells = skeleton["cells"] * (ones + 9 * threes) * width**2
        weights, norms = weights + cells, norms + skeleton["cells"] * (ones + threes) * 2 * width
        flops += cells * side**2
    return Size(weights + norms + 2 * width + classes * (width + 1), flops + classes * width)
