from dataclasses import fields, replace
from typing import Any

import pytest

from service.benches import BENCHES
from service.engine import build
from service.training.recipe import (
    ECONAS,
    ECONAS_PLUS,
    NAMED,
    Recipe,
)

OTHERS: dict[str, Any] = {
    "channels": 5,
    "resolution": 9,
    "samples": 100,
    "schedule_epochs": 41,
    "batch_size": 128,
    "learning_rate": 0.05,
    "momentum": 0.8,
    "weight_decay": 0.0,
    "seed": 1,
}


def test_the_named_ones_are_the_published_ones() -> None:
    assert NAMED == {"econas": ECONAS, "econas_plus": ECONAS_PLUS}
    assert (ECONAS.epochs, ECONAS.channels, ECONAS.resolution) == (20, 4, 8)
    assert (ECONAS_PLUS.epochs, ECONAS_PLUS.channels, ECONAS_PLUS.resolution) == (15, 8, 16)
    for named in NAMED.values():
        assert (named.learning_rate, named.momentum, named.weight_decay) == (0.1, 0.9, 5e-4)
        assert (named.schedule_epochs, named.batch_size, named.samples) == (40, 2048, 0)


def test_a_digest_leaves_out_how_many_epochs_are_asked_for_and_nothing_else() -> None:
    assert {each.name for each in fields(Recipe)} == {"epochs", *OTHERS}
    assert replace(ECONAS, epochs=40).digest == ECONAS.digest
    digests = {replace(ECONAS, **{name: value}).digest for name, value in OTHERS.items()}
    assert len(digests | {ECONAS.digest}) == len(OTHERS) + 1
    assert all(len(digest) == 32 for digest in digests)


@pytest.mark.parametrize("bench", BENCHES)
@pytest.mark.parametrize("recipe", NAMED.values(), ids=NAMED)
def test_every_bench_has_a_network_of_that_width_and_resolution(bench: str, recipe: Recipe) -> None:
    asked = BENCHES[bench]
    spec = asked.read(asked.example).architecture.spec
    graph = asked.graph(spec, recipe.skeleton(bench), 10)
    assert graph.shapes[0] == (3, recipe.resolution, recipe.resolution)
    # The first convolution of some stems has half of their channels.
    assert graph.shapes[1][0] in (recipe.channels, recipe.channels // 2)
    assert sum(each.numel() for each in build(graph, 0).parameters()) == graph.parameters


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", 41),
        ("schedule_epochs", 0),
        ("channels", 0),
        ("resolution", 0),
        ("samples", 1),
        ("samples", -1),
        ("batch_size", 1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("momentum", 1.0),
        ("momentum", 0.0),
        ("weight_decay", -1e-9),
        ("weight_decay", float("inf")),
        ("seed", -1),
    ],
)
def test_a_field_that_makes_no_sense_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field} of a recipe: "):
        replace(ECONAS, **{field: value})  # type: ignore[arg-type]
