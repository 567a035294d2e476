import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.engine.columns import Columns


@given(
    images=st.integers(1, 200),
    units=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    kinds=st.integers(1, 40),
    seed=st.integers(0, 9),
)
def test_distinct_columns_are_counted(images: int, units: list[int], kinds: int, seed: int) -> None:
    """Of few kinds, so that most occur several times, in one ReLU and across."""
    generator = np.random.default_rng(seed)
    patterns = generator.integers(2, size=(images, kinds)).astype(bool)
    columns, seen = Columns(), set[bytes]()
    for count in units:
        active = patterns[:, generator.integers(kinds, size=count)]
        columns.add(torch.from_numpy(np.ascontiguousarray(active)))
        seen |= {column.tobytes() for column in active.T}
    assert columns.distinct() == len(seen)


def test_columns_that_differ_in_one_image_are_two() -> None:
    """Whichever image that is."""
    for images in (16, 63, 64, 65, 130):
        columns = Columns()
        columns.add(torch.zeros(images, 1, dtype=torch.bool))
        columns.add(torch.eye(images, dtype=torch.bool))
        assert columns.distinct() == images + 1


def test_no_relu_has_no_columns() -> None:
    assert Columns().distinct() == 0
