"""Protocols of reduced training: their names, and what they say of a run. Knows no torch.

A name is `econas`, `econas_plus`, or EcoNAS's letters with their numbers, such as `e12s5000c8r16`:
epochs, samples (0 for all), channels and resolution; behind them `t` and the epochs of the schedule
and `b` and the batch size, where these are not the recipe's own.
"""

import re
from dataclasses import dataclass, replace

from service.benches import BENCHES
from service.protocol import Protocol, Training, digest
from service.training.recipe import NAMED, REVISION, Recipe

FORM = "e12s0c8r16: epochs, samples (0: all), channels, resolution"
"""What a name may be, for who has given another."""

_NAME = re.compile(r"e(\d{1,4})s(\d{1,7})c(\d{1,4})r(\d{1,4})(?:t(\d{1,4}))?(?:b(\d{1,5}))?")
_OWN = NAMED["econas"]

MOST_CHANNELS = 128
"""Of the stem: NB101's own, the widest. A wider network is no cheaper one."""

RESOLUTIONS = range(4, 33, 4)
"""Pixels: every bench halves its maps twice or more, and images are stored with 32."""

MOST_IMAGES = 4_096
"""Of a minibatch, twice the published: live work waits for one."""

MOST_EPOCHS = 400
"""Of a schedule: NB201 itself trains for 200."""


def recipe_named(name: str) -> Recipe | None:
    """None where the name is of no such protocol at all. Raises ValueError, with the field and what
    is valid."""
    if name in NAMED:
        return NAMED[name]
    if (found := _NAME.fullmatch(name)) is None:
        return None
    epochs, samples, channels, resolution, schedule, batch = (
        None if text is None else int(text) for text in found.groups()
    )
    if (channels or 0) > MOST_CHANNELS:
        raise ValueError(f"channels of a recipe: 1 to {MOST_CHANNELS}")
    if resolution not in RESOLUTIONS:
        valid = ", ".join(map(str, RESOLUTIONS))
        raise ValueError(f"resolution of a recipe: {valid}")
    if (batch or 0) > MOST_IMAGES:
        raise ValueError(f"batch_size of a recipe: 2 to {MOST_IMAGES}")
    if (schedule or 0) > MOST_EPOCHS:
        raise ValueError(f"schedule_epochs of a recipe: 1 to {MOST_EPOCHS}")
    return Recipe(
        epochs=epochs or 0,
        samples=samples or 0,
        channels=channels or 0,
        resolution=resolution or 0,
        schedule_epochs=_OWN.schedule_epochs if schedule is None else schedule,
        batch_size=_OWN.batch_size if batch is None else batch,
    )


def name_of(recipe: Recipe) -> str:
    """The one name of a recipe, its seed left out: two spellings of one are one protocol."""
    for name, named in NAMED.items():
        if replace(recipe, seed=0) == named:
            return name
    schedule, batch = recipe.schedule_epochs, recipe.batch_size
    return (
        f"e{recipe.epochs}s{recipe.samples}c{recipe.channels}r{recipe.resolution}"
        + (f"t{schedule}" if schedule != _OWN.schedule_epochs else "")
        + (f"b{batch}" if batch != _OWN.batch_size else "")
    )


@dataclass(frozen=True, slots=True)
class Images:
    """What is trained and tested on."""

    count: int
    """Of the training images."""
    train: str
    """SHA-256 of these and their labels."""
    test: str


def protocol(
    bench: str, recipe: Recipe, dataset: str, classes: int, images: Images, seed: int
) -> Protocol:
    """A recipe on a bench and on all images of a dataset.

    The seed is that of the weights and of the recipe. Raises KeyError for no such bench, and
    ValueError where there are not as many training images as the recipe takes.
    """
    if recipe.samples > images.count:
        raise ValueError(f"samples of a recipe: at most the {images.count} training images")
    return Protocol(
        bench=bench,
        name=name_of(recipe),
        dataset=dataset,
        classes=classes,
        seed=seed,
        skeleton=dict(recipe.skeleton(bench)),
        batch_size=recipe.batch_size,
        minibatch=None,
        training=Training(
            epochs=recipe.epochs,
            samples=recipe.samples,
            images=recipe.samples or images.count,
            schedule_epochs=recipe.schedule_epochs,
            learning_rate=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            revision=REVISION,
            train=images.train,
            test=images.test,
        ),
    )


def recipe_of(described: Protocol) -> Recipe:
    """Of a protocol that trains. Raises ValueError for one that does not, and for one of another
    release's training, which is no longer known."""
    training = described.training
    if training is None:
        raise ValueError(f"nothing is trained under {described.name}")
    if training.revision != REVISION:
        raise ValueError(f"{training.revision} is not what this release trains by, {REVISION} is")
    return Recipe(
        epochs=training.epochs,
        channels=described.skeleton[BENCHES[described.bench].width],
        resolution=described.resolution,
        samples=training.samples,
        schedule_epochs=training.schedule_epochs,
        batch_size=described.batch_size,
        learning_rate=training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        seed=described.seed,
    )


def run_of(described: Protocol) -> str | None:
    """32 hex digits that protocols share which differ in `epochs` alone: one run answers all of
    them. None where nothing is trained."""
    if described.training is None:
        return None
    document = {**described.document, "training": {**described.document["training"]}}
    del document["name"], document["training"]["epochs"]
    return digest(document)
