"""Protocols of reduced training: their names, their keys, and what a run is shared by."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.benches import BENCHES
from service.protocol import Protocol
from service.training.protocols import (
    RESOLUTIONS,
    Images,
    name_of,
    protocol,
    recipe_named,
    recipe_of,
    run_of,
)
from service.training.recipe import ECONAS, NAMED, Recipe

IMAGES = Images(1_000, "train", "test")

recipes = st.integers(1, 400).flatmap(
    lambda schedule: st.builds(
        Recipe,
        epochs=st.integers(1, schedule),
        channels=st.integers(1, 128),
        resolution=st.sampled_from(RESOLUTIONS),
        samples=st.just(0) | st.integers(2, 1_000),
        schedule_epochs=st.just(schedule),
        batch_size=st.integers(2, 4_096),
        seed=st.integers(0, 2**31 - 1),
    )
)


def on(recipe: Recipe = ECONAS, bench: str = "nb201", **other: Any) -> Protocol:
    given = {"dataset": "toy", "classes": 10, "images": IMAGES, "seed": recipe.seed, **other}
    return protocol(bench, recipe, **given)


@given(recipe=recipes, bench=st.sampled_from(sorted(BENCHES)))
def test_a_name_says_all_of_a_recipe_but_its_seed(recipe: Recipe, bench: str) -> None:
    assert recipe_named(name_of(recipe)) == replace(recipe, seed=0)
    described = on(recipe, bench)
    assert described.name == name_of(recipe)
    assert recipe_of(described) == recipe
    assert Protocol.read(described.document) == described
    assert len(described.name) <= 64  # what a request may call it


def test_published_names() -> None:
    assert {name_of(recipe) for recipe in NAMED.values()} == {*NAMED}
    assert recipe_named("e20s0c4r8") == recipe_named("econas") == ECONAS
    assert name_of(replace(ECONAS, epochs=19)) == "e19s0c4r8"


@pytest.mark.parametrize(
    "name", ["", "fast", "e1", "e1s1c1", "e1s0c4r8b", "e1s0c4r8b20t4", "E1s0c4r8"]
)
def test_what_is_no_such_name(name: str) -> None:
    assert recipe_named(name) is None


def test_a_run_is_shared_by_its_lengths_alone() -> None:
    run = run_of(on())
    assert run == run_of(on(replace(ECONAS, epochs=1)))
    assert on().digest != on(replace(ECONAS, epochs=1)).digest
    others = [
        on(replace(ECONAS, channels=5)),
        on(replace(ECONAS, resolution=12)),
        on(replace(ECONAS, samples=500)),
        on(replace(ECONAS, schedule_epochs=41)),
        on(replace(ECONAS, batch_size=64)),
        on(bench="nb101"),
        on(dataset="other"),
        on(classes=11),
        on(images=replace(IMAGES, train="others")),
        on(images=replace(IMAGES, test="others")),
        on(seed=1),
    ]
    assert len({run, *map(run_of, others)}) == 1 + len(others)


def test_another_release_s_training_is_refused() -> None:
    described = on()
    assert described.training is not None
    old = replace(described, training=replace(described.training, revision="training-0"))
    with pytest.raises(ValueError, match="training-0 is not what this release trains by"):
        recipe_of(old)
    with pytest.raises(ValueError, match="nothing is trained under fast"):
        recipe_of(replace(described, name="fast", training=None))


def test_samples_are_of_the_images_that_there_are() -> None:
    assert on(replace(ECONAS, samples=1_000)).training.images == 1_000  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="at most the 1000 training images"):
        on(replace(ECONAS, samples=1_001))


@pytest.mark.parametrize("bench", BENCHES)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_every_resolution_that_can_be_asked_for_has_networks(bench: str, resolution: int) -> None:
    skeleton = replace(ECONAS, resolution=resolution).skeleton(bench)
    for reading in BENCHES[bench].sample(20, 0):
        graph = BENCHES[bench].graph(reading.architecture.spec, skeleton, 10)
        assert graph.shapes[0] == (3, resolution, resolution)
