from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """As the command line has it: torch's bits depend on the number of its threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
