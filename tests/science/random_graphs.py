"""Random graphs: any operation on any earlier values that fit it."""

from hypothesis import strategies as st

from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Builder,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Graph,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shape,
    Shift,
    Zero,
)

from .small_graphs import CLASSES

_KINDS = (
    "conv",
    "groups",
    "bn",
    "relu",
    "max",
    "average",
    "crop",
    "shift",
    "zero",
    "add",
    "concat",
)


@st.composite
def random_graphs(draw: st.DrawFn, operations: int = 12) -> Graph:
    """Branches, dead ends, repeated reads, sums of a value with itself, pools of any stride, layers
    with and without batch norm, and one or two linear layers.

    The last map goes through a ReLU: a batch norm would otherwise centre what the head averages,
    and the summed logits would depend on the images by rounding alone.
    """
    builder = Builder(draw(st.integers(1, 3)), draw(st.integers(4, 7)), draw(st.integers(4, 7)))
    shapes: list[Shape] = [builder.graph().shapes[0]]

    def append(operation: Operation) -> int:
        shapes.append(operation.shape(*(shapes[source] for source in operation.sources)))
        return builder.append(operation)

    def any_of(values: list[int]) -> int:
        # Half of the time the newest: chains are what networks are made of.
        return draw(st.one_of(st.just(values[-1]), st.sampled_from(values)))

    def like(value: int, of: slice) -> list[int]:
        return [each for each, shape in enumerate(shapes) if shape[of] == shapes[value][of]]

    for number in range(draw(st.integers(1, operations))):
        source = any_of(list(range(len(shapes))))
        _, height, width = shapes[source]
        kernel = draw(st.integers(1, min(3, height, width)))
        stride, padding = draw(st.integers(1, 2)), draw(st.integers(0, kernel // 2))
        match draw(st.sampled_from(_KINDS)):
            case "conv":
                channels = draw(st.integers(1, 5))
                append(Convolution(source, f"conv{number}", channels, kernel, stride, padding))
            case "groups":
                read = shapes[source][0]
                groups = draw(st.sampled_from([g for g in range(1, read + 1) if read % g == 0]))
                channels = groups * draw(st.integers(1, 2))
                window = (kernel, stride, padding)
                append(Convolution(source, f"conv{number}", channels, *window, groups))
            case "bn":
                append(BatchNorm(source, f"bn{number}"))
            case "relu":
                append(ReLU(source))
            case "max":
                append(MaxPool(source, kernel, stride, padding))
            case "average":
                append(AveragePool(source, kernel, stride, padding))
            case "crop":
                append(Crop(source, draw(st.integers(1, shapes[source][0]))))
            case "shift":
                append(Shift(source))
            case "zero":
                append(Zero(source))
            case "add":
                others = st.sampled_from(like(source, slice(None)))
                append(Add((source, *draw(st.lists(others, min_size=1, max_size=3)))))
            case "concat":
                others = st.sampled_from(like(source, slice(1, None)))
                append(Concat((source, *draw(st.lists(others, max_size=2)))))
    last = append(ReLU(any_of(list(range(len(shapes))))))
    value = append(GlobalAveragePool(last))
    if draw(st.booleans()):
        hidden = append(ReLU(append(Linear(value, "hidden", 6))))
        value = append(Concat((hidden, append(Crop(hidden, 2)), append(Add((hidden, hidden))))))
    append(Linear(value, "head", CLASSES))
    return builder.graph()
