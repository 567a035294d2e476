from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.benches import BENCHES
from service.engine import GraphModule, initial_weights
from service.graph import Graph
from service.training.augmentation import augmented, draws, plain
from service.training.checkpoint import Checkpoint
from service.training.recipe import Recipe
from service.training.run import TESTED_AT_ONCE, DivergedError, Epoch, train
from service.training.schedule import learning_rate
from service.training.split import Split, batches
from tests.training.toy import bright_and_dark, epochs, linear, network, noise, recipe

ALL = 6
GRAPH, SPLIT = network(), noise()


def told(found: list[Epoch]) -> list[tuple[object, ...]]:
    """Everything of epochs, state and all, bit for bit."""
    return [
        (each.number, each.accuracy, each.loss, each.learning_rate, each.checkpoint.to_bytes())
        for each in found
    ]


@pytest.fixture(scope="module")
def unbroken() -> Iterator[list[tuple[object, ...]]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield told(epochs(GRAPH, recipe(ALL), SPLIT))
    torch.set_num_threads(threads)


@settings(deadline=None, max_examples=30)
@given(kills=st.lists(st.integers(0, 5 * ALL), max_size=4))
def test_a_run_killed_anywhere_and_resumed_equals_an_unbroken_one(
    unbroken: list[tuple[object, ...]], kills: list[int]
) -> None:
    """Each kill comes after so many batches; all that is left of a run are its epochs' bytes."""
    found: list[Epoch] = []
    for patience in [*kills, None]:
        start = Checkpoint.from_bytes(found[-1].checkpoint.to_bytes()) if found else None
        run = train(GRAPH, initial_weights(GRAPH, 0), recipe(ALL), SPLIT, start)
        for batch, event in enumerate(run):
            if batch == patience:
                break
            if event is not None:
                found.append(event)
    assert told(found) == unbroken


def test_a_shorter_run_is_the_beginning_of_a_longer_one_and_can_be_lengthened(
    unbroken: list[tuple[object, ...]],
) -> None:
    short = epochs(GRAPH, recipe(2), SPLIT)
    assert told(short) == unbroken[:2]
    weights = initial_weights(GRAPH, 0)
    longer = train(GRAPH, weights, recipe(ALL), SPLIT, short[-1].checkpoint)
    assert told([each for each in longer if each is not None]) == unbroken[2:]
    assert list(train(GRAPH, weights, recipe(2), SPLIT, short[-1].checkpoint)) == []


def test_two_runs_that_take_turns_do_not_notice_each_other(
    unbroken: list[tuple[object, ...]],
) -> None:
    """Nor what the process does between two batches: other modes, other random numbers."""
    weights = initial_weights(GRAPH, 0)
    left = train(GRAPH, weights, recipe(ALL), SPLIT)
    right = train(GRAPH, weights, recipe(ALL, seed=1), SPLIT)
    found = []
    for mine, _ in zip(left, right, strict=True):
        assert torch.is_grad_enabled()
        torch.manual_seed(torch.randint(100, ()).item())
        found += [mine] if mine is not None else []
    assert told(found) == unbroken
    with torch.no_grad():
        assert told(epochs(GRAPH, recipe(ALL), SPLIT)) == unbroken
        assert not torch.is_grad_enabled()


def test_it_touches_neither_the_weights_it_is_given_nor_random_numbers() -> None:
    weights = initial_weights(GRAPH, 0)
    before, state = {name: each.copy() for name, each in weights.items()}, torch.get_rng_state()
    for _ in train(GRAPH, weights, recipe(1), SPLIT):
        pass
    assert all(np.array_equal(weights[name], each) for name, each in before.items())
    assert torch.equal(torch.get_rng_state(), state)


def test_it_pauses_after_every_batch() -> None:
    run = list(train(GRAPH, initial_weights(GRAPH, 0), recipe(2), SPLIT))
    # 21 images in eights: three batches; and the 10 test images at once.
    pattern = [each is None for each in run]
    assert pattern == 2 * ([True] * 4 + [False])
    many = noise(test=2 * TESTED_AT_ONCE + 1)
    run = list(train(GRAPH, initial_weights(GRAPH, 0), recipe(1), many))
    assert [each is None for each in run] == [True] * 6 + [False]


def test_a_linear_network_takes_the_steps_of_logistic_regression() -> None:
    """In float64 with the gradient in closed form."""
    graph, asked, split = linear(4, 3), recipe(4), noise()
    weights = initial_weights(graph, 0)
    w = {name: each.astype(np.float64) for name, each in weights.items()}
    v = {name: np.zeros_like(each) for name, each in w.items()}
    tests = _colours(plain(split.test_images, 4, split.mean, split.std))
    for epoch in epochs(graph, asked, split):
        losses = []
        for batch, places in enumerate(batches(asked, 21, epoch.number), 1):
            images, labels = split.train_images[places], split.train_labels[places]
            drawn = draws(len(images), 8, asked.seed, epoch.number, batch)
            x = _colours(augmented(images, drawn, 4, split.mean, split.std))
            logits = x @ w["head/weight"].T + w["head/bias"]
            p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            losses += (-np.log(p[range(len(p)), labels])).tolist()
            residual = (p - np.eye(3)[labels]) / len(p)
            gradients = {"head/weight": residual.T @ x, "head/bias": residual.sum(0)}
            for name, gradient in gradients.items():
                decayed = gradient + asked.weight_decay * w[name]
                v[name] = asked.momentum * v[name] + decayed
                w[name] -= epoch.learning_rate * (decayed + asked.momentum * v[name])
        right = (tests @ w["head/weight"].T + w["head/bias"]).argmax(1) == split.test_labels
        assert epoch.accuracy == right.mean()
        assert epoch.loss == pytest.approx(np.mean(losses), rel=1e-5)
        assert epoch.learning_rate == learning_rate(asked, epoch.number)
        state = epoch.checkpoint.state
        np.testing.assert_allclose(state["module/layers.2.weight"], w["head/weight"], rtol=1e-4)
        np.testing.assert_allclose(state["momentum/layers.2.bias"], v["head/bias"], rtol=1e-3)


def _colours(images: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 3, r, r) as (N, 3)."""
    return np.asarray(images.astype(np.float64).mean((2, 3)))


def test_the_accuracy_is_of_the_test_images_as_they_are_with_running_statistics() -> None:
    for epoch in epochs(GRAPH, recipe(3), SPLIT):
        module = GraphModule(GRAPH, initial_weights(GRAPH, 0)).double().eval()
        state = epoch.checkpoint.state
        own = {
            name.removeprefix("module/"): torch.from_numpy(array)
            for name, array in state.items()
            if name.startswith("module/")
        }
        module.load_state_dict(own)
        images = plain(SPLIT.test_images, 4, SPLIT.mean, SPLIT.std)
        with torch.no_grad():
            logits = module(torch.from_numpy(images).double())
        assert epoch.accuracy == (logits.argmax(1).numpy() == SPLIT.test_labels).mean()
        # Three batches an epoch, none of the test images among them.
        assert own["layers.2.num_batches_tracked"] == 3 * epoch.number


def test_two_classes_that_anyone_can_tell_apart_are_told_apart() -> None:
    found = epochs(network(classes=2), recipe(5), bright_and_dark())
    assert found[-1].accuracy >= 0.95
    assert found[-1].loss < found[0].loss


def test_samples_are_trained_on_and_no_others() -> None:
    split = noise(train=40)
    few = recipe(2, samples=6)
    run = list(train(GRAPH, initial_weights(GRAPH, 0), few, split))
    assert [each is None for each in run] == 2 * ([True] * 2 + [False])
    larger = recipe(1, batch_size=100)
    run = list(train(GRAPH, initial_weights(GRAPH, 0), larger, split))
    assert [each is None for each in run] == [True, True, False]


def test_a_network_without_a_path_stays_at_the_chance_of_a_class() -> None:
    """Its head's bias alone has a gradient: every image gets the same answer."""
    bench = BENCHES["nb201"]
    spec = bench.read({"ops": ["none"] * 6}).architecture.spec
    asked = recipe(2, channels=2)
    split = noise()
    graph = bench.graph(spec, {**asked.skeleton("nb201"), "cells": 1}, split.classes)
    found = epochs(graph, asked, split)
    shares = np.bincount(split.test_labels) / len(split.test_labels)
    assert all(each.accuracy in shares for each in found)
    resumed = train(graph, initial_weights(graph, 0), asked, split, found[0].checkpoint)
    assert told([each for each in resumed if each is not None]) == told(found[1:])


def test_a_run_that_diverges_says_where_and_keeps_its_epochs() -> None:
    """Weight decay alone multiplies the weights by some -4000 a step, five times an epoch, and
    there is no norm to hold them: float32 ends in the third epoch."""
    graph, split = linear(4, 3), noise()
    wild = recipe(6, batch_size=4, learning_rate=1e3, weight_decay=2.0)
    run = train(graph, initial_weights(graph, 0), wild, split)
    found = [next(each for each in run if each is not None) for _ in range(2)]
    assert np.isfinite([each.loss for each in found]).all()
    with pytest.raises(DivergedError, match=r"^diverged in epoch 3: no finite loss on batch \d of"):
        list(run)
    again = train(graph, initial_weights(graph, 0), wild, split, found[-1].checkpoint)
    with pytest.raises(DivergedError, match=r"^diverged in epoch 3: "):
        list(again)


@pytest.mark.parametrize("testing", [False, True])
def test_a_loss_that_is_not_finite_is_found_in_its_batch(testing: bool) -> None:
    """The second epoch begins with weights that are not finite, or that one step makes so."""
    graph, split, asked = linear(4, 3), noise(), recipe(3, batch_size=30)
    weights = initial_weights(graph, 0)
    run = train(graph, weights, asked, split)
    first = next(each for each in run if each is not None)
    name = "momentum/layers.2.weight" if testing else "module/layers.2.weight"
    state = {**first.checkpoint.state, name: np.full((3, 3), np.inf, np.float32)}
    going_on = train(graph, weights, asked, split, replace(first.checkpoint, state=state))
    with pytest.raises(DivergedError) as raised:
        list(going_on)
    assert (raised.value.epoch, raised.value.batch, raised.value.testing) == (2, 1, testing)
    images = "test" if testing else "training"
    assert str(raised.value).endswith(f"no finite loss on batch 1 of the {images} images")


@pytest.mark.parametrize(
    ("graph", "asked", "split", "names"),
    [
        (GRAPH, recipe(resolution=8), SPLIT, "resolution of the recipe"),
        (GRAPH, recipe(), noise(classes=4), "classes of the images"),
        (GRAPH, recipe(samples=22), SPLIT, "samples of a recipe"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(
    graph: Graph, asked: Recipe, split: Split, names: str
) -> None:
    with pytest.raises(ValueError, match=f"^{names}: "):
        train(graph, initial_weights(graph, 0), asked, split)
