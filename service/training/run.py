"""Trains a network, a batch at a time, so that who drives it can do other things in between."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD

from service.engine import GraphModule, Weights
from service.graph import Graph
from service.training.augmentation import augmented, draws, plain
from service.training.checkpoint import Checkpoint
from service.training.optimiser import momenta, optimiser, restore_momenta
from service.training.origin import Origin
from service.training.recipe import Recipe
from service.training.schedule import learning_rate
from service.training.split import Split, batches, samples

TESTED_AT_ONCE = 256
"""Test images: no batch norm sees its batch then, and so few take little memory."""


class DivergedError(ValueError):
    """The run has no accuracy from this epoch on: a loss or a logit is not finite.

    `epoch` and `batch` count from 1; the batch is of the training images, or of the test images
    where `testing`. The epochs before it stand.
    """

    def __init__(self, epoch: int, batch: int, *, testing: bool) -> None:
        images = "test" if testing else "training"
        super().__init__(
            f"diverged in epoch {epoch}: no finite loss on batch {batch} of the {images} images"
        )
        self.epoch = epoch
        self.batch = batch
        self.testing = testing


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch."""

    number: int
    """From 1."""
    accuracy: float
    """The fraction of all test images that the network has right, in [0, 1]."""
    loss: float
    """The mean cross-entropy of the epoch's training images, each with the weights it met."""
    learning_rate: float
    checkpoint: Checkpoint


@dataclass(frozen=True)
class _Run:
    module: GraphModule
    sgd: SGD
    recipe: Recipe
    split: Split
    chosen: NDArray[np.int64]
    origin: Origin
    device: torch.device


def train(
    graph: Graph,
    weights: Weights,
    recipe: Recipe,
    split: Split,
    start: Checkpoint | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[Epoch | None]:
    """Trains from `weights`, or on from `start`, until the recipe's `epochs` are done.

    Yields an `Epoch` after each epoch, and None after each batch: nothing is half done then, no
    global state of torch is other than it was, and the run may be left for good. The weights are
    copied. The accuracy is that of batch norms with running statistics (torch's momentum of 0.1).

    On a CPU, with one thread, two runs have the same bits, and one that goes on from a checkpoint
    has those of one that was never interrupted. Raises at once ValueError where graph, recipe and
    images do not fit, and CheckpointError for a checkpoint of another run; while it runs,
    DivergedError.
    """
    _check(graph, recipe, split)
    chosen = samples(recipe, split.train_labels)
    origin = Origin.of(graph, weights, recipe, split)
    if start is not None:
        start.check(origin)
    # The module shares the memory of what it is given, and training changes it.
    copies = {name: array.copy() for name, array in weights.items()}
    module = GraphModule(graph, copies).to(device)
    sgd = optimiser(module, recipe)
    if start is not None:
        _restore(module, sgd, start)
    run = _Run(module, sgd, recipe, split, chosen, origin, torch.device(device))
    return _epochs(run, first=1 if start is None else start.epoch + 1)


def _check(graph: Graph, recipe: Recipe, split: Split) -> None:
    wanted, found = (3, recipe.resolution, recipe.resolution), graph.shapes[0]
    if found != wanted:
        raise ValueError(f"resolution of the recipe: the network reads {found}, not {wanted}")
    if graph.shapes[-1] != (split.classes,):
        raise ValueError(
            f"classes of the images: the network has logits {graph.shapes[-1]}, "
            f"not ({split.classes},)"
        )


def _epochs(run: _Run, first: int) -> Iterator[Epoch | None]:
    for number in range(first, run.recipe.epochs + 1):
        rate = learning_rate(run.recipe, number)
        for group in run.sgd.param_groups:
            group["lr"] = rate
        total, count = 0.0, 0
        for batch, places in enumerate(batches(run.recipe, len(run.chosen), number), 1):
            total += _step(run, run.chosen[places], number, batch) * len(places)
            count += len(places)
            yield None
        right, tests = 0, len(run.split.test_labels)
        for batch, begin in enumerate(range(0, tests, TESTED_AT_ONCE), 1):
            right += _right(run, slice(begin, begin + TESTED_AT_ONCE), number, batch)
            yield None
        yield Epoch(number, right / tests, total / count, rate, _checkpoint(run, number))


def _step(run: _Run, indices: NDArray[np.int64], epoch: int, batch: int) -> float:
    """One step of descent; returns the loss before it."""
    split, recipe = run.split, run.recipe
    images = split.train_images[indices]
    drawn = draws(len(images), images.shape[1], recipe.seed, epoch, batch)
    inputs = augmented(images, drawn, recipe.resolution, split.mean, split.std)
    with torch.enable_grad():
        run.module.train()
        logits, loss = _loss(run, inputs, split.train_labels[indices])
        if not (logits.isfinite().all() and loss.isfinite()):
            raise DivergedError(epoch, batch, testing=False)
        run.sgd.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        run.sgd.step()
        run.sgd.zero_grad(set_to_none=True)
    return float(loss.detach())


def _right(run: _Run, part: slice, epoch: int, batch: int) -> int:
    """How many of a part of the test images the network has right."""
    split = run.split
    inputs = plain(split.test_images[part], run.recipe.resolution, split.mean, split.std)
    labels = split.test_labels[part]
    with torch.no_grad():
        run.module.eval()
        logits, loss = _loss(run, inputs, labels)
    if not (logits.isfinite().all() and loss.isfinite()):
        raise DivergedError(epoch, batch, testing=True)
    return int((logits.argmax(1).cpu() == torch.from_numpy(labels)).sum())


def _loss(
    run: _Run, inputs: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[Tensor, Tensor]:
    logits = run.module(torch.from_numpy(inputs).to(run.device))
    return logits, F.cross_entropy(logits, torch.from_numpy(labels).to(run.device))


def _checkpoint(run: _Run, epoch: int) -> Checkpoint:
    module = {
        f"module/{name}": tensor.cpu().numpy().copy()
        for name, tensor in run.module.state_dict().items()
    }
    found = {f"momentum/{name}": each for name, each in momenta(run.module, run.sgd).items()}
    return Checkpoint(epoch, run.origin, {**module, **found})


def _restore(module: nn.Module, sgd: SGD, start: Checkpoint) -> None:
    parts: dict[str, dict[str, NDArray[np.generic]]] = {"module": {}, "momentum": {}}
    for name, array in start.state.items():
        part, _, own = name.partition("/")
        parts[part][own] = array
    module.load_state_dict(
        {name: torch.from_numpy(array.copy()) for name, array in parts["module"].items()}
    )
    restore_momenta(module, sgd, parts["momentum"])
