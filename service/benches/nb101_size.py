"""The size of an NB101 network in closed form: a thousandth of the time that its graph takes."""

from service.benches.bench import Size, Skeleton
from service.benches.nb101_cell import Cell
from service.benches.nb101_skeleton import KERNELS, vertex_widths


def size(cell: Cell, skeleton: Skeleton, classes: int) -> Size:
    """What `network(cell, skeleton, classes)` has, layer for layer.

    `cell` is pruned and its edges go from smaller to larger numbers.
    """
    side = skeleton["resolution"]
    width = skeleton["stem"]
    parameters, flops = _layer(3, width, 3, side)
    for stack in range(skeleton["stacks"]):
        if stack:
            side //= 2
        for module in range(skeleton["modules"]):
            channels = skeleton["stem"] << stack
            # All modules of a stack but the first are alike.
            if module < 2:
                found = _module(cell, width, channels, side)
            parameters, flops = parameters + found.parameters, flops + found.flops
            width = channels
    return Size(parameters + classes * (width + 1), flops + classes * width)


def _module(cell: Cell, source: int, channels: int, side: int) -> Size:
    widths = (0, *vertex_widths(cell, channels), channels)
    layers = [_layer(source, widths[y], 1, side) for x, y in cell.edges if x == 0]
    layers += [
        _layer(width, width, KERNELS[label], side)
        for label, width in zip(cell.labels, widths[1:-1], strict=True)
        if label < len(KERNELS)
    ]
    return Size(sum(each.parameters for each in layers), sum(each.flops for each in layers))


def _layer(source: int, width: int, kernel: int, side: int) -> Size:
    """A convolution and its batch norm."""
    weights = source * width * kernel**2
    return Size(weights + 2 * width, weights * side**2)
