import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.engine.agreements import Agreements, signs


@given(
    images=st.integers(1, 70),
    shape=st.one_of(
        st.tuples(st.integers(1, 300)),
        st.tuples(st.integers(1, 20), st.integers(1, 9), st.integers(1, 9)),
    ),
    copies=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_agreements_are_counted(
    images: int, shape: tuple[int, ...], copies: int, seed: int
) -> None:
    values = np.random.default_rng(seed).standard_normal((images, *shape)).clip(min=0)
    tensor = torch.tensor(values, dtype=torch.float32)
    if len(shape) == 3:
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    agreements = Agreements(images, tensor.device)
    agreements.add(signs(tensor), copies)
    agreements.add(signs(tensor[:, :1]), 1)
    rows = (values > 0).reshape(images, -1)
    first = (values[:, :1] > 0).reshape(images, -1)
    expected = sum(
        times * (each[:, None] == each[None]).sum(2) for each, times in ((rows, copies), (first, 1))
    )
    assert np.array_equal(agreements.matrix().numpy(), expected)


@pytest.mark.parametrize("columns", [2**16, 2**17 + 1])
def test_long_rows_are_exact(columns: int) -> None:
    agreements = Agreements(3, torch.device("cpu"))
    agreements.add(torch.ones(3, columns, dtype=torch.bool), 1)
    assert (agreements.matrix() == columns).all()
