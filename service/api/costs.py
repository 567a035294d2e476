"""The costs of scores, put together from the passes they need and the times workers have kept."""

from collections.abc import Collection, Mapping

from service.api.schemas.cost import CorrelatedCost, ProxyCost, Times, TimesUnder
from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.cost import (
    BESIDES,
    Took,
    cost_of,
    measured,
    median_multiply_adds,
    training_cost,
    training_of,
)
from service.db.models import Series
from service.db.pass_seconds import Setting
from service.protocol import RECIPES, Protocol
from service.training.cost import minibatches_of, multiply_adds_of
from service.training.protocols import Images
from service.training.protocols import protocol as training_on
from service.training.recipe import NAMED

CLASSES = 10
"""Of the built-in dataset, and of CIFAR-10."""

CIFAR10 = Images(50_000, "", "")
"""What the literature's reduced trainings train on."""

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
                    recipe.batch_size,
                    median_multiply_adds(bench, found.skeletons[recipe.name], CLASSES),
                )
                for recipe in RECIPES.values()
            }
            for bench, found in BENCHES.items()
        },
        minibatches_under={},
        measured=[
            TimesUnder(bench=setting.bench, protocol=setting.protocol, **times.model_dump())
            for setting, passes in kept.items()
            for times in _times(proxies, {setting: passes})
        ],
    )


def of_reduced_training(kept: Kept) -> ProxyCost:
    """Of the named protocols, on CIFAR-10's training images."""
    named = {
        bench: [
            training_on(bench, recipe, "cifar10", CLASSES, CIFAR10, 0) for recipe in NAMED.values()
        ]
        for bench in BENCHES
    }
    # Of the one bench that has them published.
    published = {
        each.name: count
        for protocols in named.values()
        for each in protocols
        if (count := minibatches_of(each)) is not None
    }
    return ProxyCost(
        minibatches=None,
        forwards=None,
        image_forwards=None,
        multiply_adds={
            bench: {each.name: multiply_adds_of(each) for each in protocols}
            for bench, protocols in named.items()
        },
        minibatches_under=published,
        measured=[
            TimesUnder(bench=setting.bench, protocol=setting.protocol, **times.model_dump())
            for setting, passes in kept.items()
            if setting.protocol in NAMED
            for times in _training_times(CIFAR10.count, {setting: passes})
        ],
    )


def under_training(protocol: Protocol, kept: Kept) -> CorrelatedCost:
    """Of reduced training under its protocol; `kept` has the times of no other."""
    images = 0 if protocol.training is None else protocol.training.images
    times = _training_times(images, kept)
    return CorrelatedCost(
        minibatches=minibatches_of(protocol),
        multiply_adds=multiply_adds_of(protocol),
        seconds=times[0].seconds if times else None,
        measured=times,
    )


def under(protocol: Protocol, proxies: Collection[str], kept: Kept) -> CorrelatedCost:
    """The same under one protocol; `kept` has the times of no other."""
    cost = cost_of(proxies)
    of_image = median_multiply_adds(protocol.bench, protocol.skeleton, protocol.classes)
    times = _times(proxies, kept)
    # What needs no pass takes no time, on whatever device.
    seconds = times[0].seconds if times else None if cost.timed else 0.0
    return CorrelatedCost(
        minibatches=cost.minibatches,
        multiply_adds=cost.multiply_adds(protocol.batch_size, of_image),
        seconds=seconds,
        measured=times,
    )


def seconds_by_device(
    protocol: Protocol, proxies: Collection[str], kept: Kept, devices: Collection[str]
) -> dict[str, float]:
    """What an evaluation of these takes of a worker's time on those devices where that is known,
    the mean."""
    cost = cost_of([name for name in proxies if name in CATALOGUE])
    found: dict[str, float] = {}
    for device in devices:
        passes = kept.get(Setting(protocol.bench, protocol.name, device), {})
        took = measured(cost, passes)
        if took is None and cost.timed:
            continue
        besides = passes.get(BESIDES, Took(1, 0.0))
        found[device] = (took.seconds if took else 0.0) + besides.seconds / besides.evaluations
    return found


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


def _training_times(images: int, kept: Kept) -> list[Times]:
    found = [
        Times(
            device=setting.device,
            seconds=took.seconds / took.evaluations,
            evaluations=took.evaluations,
            upper_bound=False,
        )
        for setting, passes in kept.items()
        if (took := passes.get(training_of(images))) is not None
    ]
    return sorted(found, key=lambda times: -times.evaluations)
