"""The costs of scores, put together from the passes they need and the times workers have kept."""

from collections.abc import Collection, Mapping

from service.api.schemas.cost import CorrelatedCost, ProxyCost, Times, TimesUnder
from service.benches import BENCHES
from service.cost import (
    Took,
    cost_of,
    measured,
    median_multiply_adds,
    training_cost,
)
from service.db.models import Series
from service.db.pass_seconds import Setting
from service.protocol import RECIPES, Protocol

CLASSES = 10
"""Of the built-in dataset."""

Kept = Mapping[Setting, Mapping[str, Took]]

UNKNOWN = CorrelatedCost(minibatches=None, multiply_adds=None, seconds=None, measured=[])
"""Of what others have computed."""


def of_proxies(proxies: Collection[str], kept: Kept) -> ProxyCost:
    """Of proxies of the catalogue, computed together; on every bench, under every protocol."""
    cost = cost_of(proxies)
    return ProxyCost(
        minibatches=cost.minibatches,
        forwards=cost.forwards,
        image_forwards=cost.image_forwards,
        multiply_adds={
            bench: {
                recipe.name: cost.multiply_adds(
                    recipe.batch_size, median_multiply_adds(bench, recipe.name, CLASSES)
                )
                for recipe in RECIPES.values()
            }
            for bench in BENCHES
        },
        measured=[
            TimesUnder(bench=setting.bench, protocol=setting.protocol, **times.model_dump())
            for setting, passes in kept.items()
            for times in _times(proxies, {setting: passes})
        ],
    )


def under(protocol: Protocol, proxies: Collection[str], kept: Kept) -> CorrelatedCost:
    """The same under one protocol; `kept` has the times of no other."""
    cost = cost_of(proxies)
    of_image = median_multiply_adds(protocol.bench, protocol.name, protocol.classes)
    times = _times(proxies, kept)
    # What needs no pass takes no time, on whatever device.
    seconds = times[0].seconds if times else None if cost.timed else 0.0
    return CorrelatedCost(
        minibatches=cost.minibatches,
        multiply_adds=cost.multiply_adds(protocol.batch_size, of_image),
        seconds=seconds,
        measured=times,
    )


def of_training(series: Series) -> CorrelatedCost:
    """Of accuracies that a shorter training gives."""
    found = None
    if series.epochs is not None:
        found = training_cost(series.bench, series.dataset, series.split, series.epochs)
    if found is None:
        return UNKNOWN
    return CorrelatedCost(
        minibatches=found.minibatches,
        multiply_adds=found.multiply_adds,
        seconds=None,
        measured=[],
    )


def _times(proxies: Collection[str], kept: Kept) -> list[Times]:
    cost = cost_of(proxies)
    found = [
        Times(device=setting.device, **each._asdict())
        for setting, passes in kept.items()
        if (each := measured(cost, passes)) is not None
    ]
    return sorted(found, key=lambda times: -times.evaluations)
