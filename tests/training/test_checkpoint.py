from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engine import initial_weights
from service.training.checkpoint import Checkpoint, CheckpointError
from service.training.origin import Origin
from service.training.recipe import Recipe
from service.training.run import train
from tests.training.toy import network, noise, recipe

SMALL = Checkpoint(
    7,
    Origin("a" * 32, "b" * 64, "c" * 64, "d" * 64),
    {
        "module/w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "module/count": np.array(3),
        "momentum/w": np.full((2, 3), np.float32(0.1)),
    },
)
BYTES = SMALL.to_bytes()


def test_bytes_are_read_as_they_were_written() -> None:
    again = Checkpoint.from_bytes(BYTES)
    assert (again.epoch, again.origin) == (7, SMALL.origin)
    assert again.state.keys() == SMALL.state.keys()
    for name, array in SMALL.state.items():
        assert again.state[name].dtype == array.dtype
        np.testing.assert_array_equal(again.state[name], array)
    assert again.to_bytes() == BYTES


@settings(deadline=None)
@given(length=st.integers(0, len(BYTES) - 1))
def test_one_that_was_cut_short_is_refused(length: int) -> None:
    with pytest.raises(CheckpointError, match="checkpoint"):
        Checkpoint.from_bytes(BYTES[:length])


@settings(deadline=None)
@given(place=st.integers(0, len(BYTES) - 1), bit=st.integers(0, 7))
def test_one_with_a_bit_changed_is_refused(place: int, bit: int) -> None:
    torn = bytearray(BYTES)
    torn[place] ^= 1 << bit
    with pytest.raises(CheckpointError, match="checkpoint"):
        Checkpoint.from_bytes(bytes(torn))


def test_an_array_of_objects_is_not_written() -> None:
    """It would be a pickle, which runs whatever is in it when it is read."""
    odd = replace(SMALL, state={"module/w": np.array([object()])})
    with pytest.raises(ValueError, match="pickle"):
        odd.to_bytes()


def test_one_of_another_run_is_refused_and_says_what_is_other() -> None:
    graph, asked, images = network(), recipe(), noise()
    weights = initial_weights(graph, 0)
    start = Checkpoint(
        1, Origin.of(graph, weights, asked, images), {}
    )  # refused before its state is looked at

    def going_on(
        of: Recipe = asked, seed: int = 0, with_images: int = 0, channels: int = 4
    ) -> None:
        other = network(channels=channels)
        train(other, initial_weights(other, seed), of, noise(seed=with_images), start)

    refused: dict[str, Callable[[], None]] = {
        "recipe": lambda: going_on(of=recipe(seed=1)),
        "weights": lambda: going_on(seed=1),
        "images": lambda: going_on(with_images=1),
        "graph, weights": lambda: going_on(channels=5),
    }
    for what, call in refused.items():
        with pytest.raises(CheckpointError, match=f"of another run: other {what}$"):
            call()
