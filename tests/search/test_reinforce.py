"""The controller's gradient, and what it learns."""

import numpy as np
import pytest

from service.search import named, of_bench, of_table, reinforce
from service.search.controller import (
    Controller,
    gradient,
    log_probability,
    probabilities,
    sampler,
)
from service.search.run import Asked, trained
from tests.search.toy import accuracy, no_scores, scores

SPACE = of_bench("nb201")


def uneven() -> Controller:
    """Of three decisions, with five, two and three options, none of them alike."""
    controller = Controller([5, 2, 3])
    known = np.isfinite(controller.z)
    controller.z[known] = np.linspace(-1.5, 2.0, known.sum())
    return controller


def test_the_gradient_is_that_of_finite_differences() -> None:
    z, made, step = uneven().z, [3, 0, 2], 1e-6
    found = gradient(z, made)
    for place in np.argwhere(np.isfinite(z)):
        nudge = np.zeros(z.shape)
        nudge[tuple(place)] = step
        slope = (log_probability(z + nudge, made) - log_probability(z - nudge, made)) / (2 * step)
        assert found[tuple(place)] == pytest.approx(slope, abs=1e-8)
    assert not found[~np.isfinite(z)].any()


def test_decisions_are_drawn_by_their_probabilities() -> None:
    z, draw = uneven().z, named("test")
    sampled = sampler(z)
    often = np.zeros(z.shape)
    for _ in range(4000):
        often[np.arange(3), sampled(draw)] += 1
    # Four standard deviations.
    assert np.abs(often / 4000 - probabilities(z)).max() < 4 * np.sqrt(0.25 / 4000)
    assert not often[~np.isfinite(z)].any()


def test_a_step_makes_what_was_rewarded_more_likely() -> None:
    controller = uneven()
    good, bad = [1, 1, 1], [4, 0, 0]
    before = [log_probability(controller.z, each) for each in (good, bad)]
    controller.reward([good, bad], [1.0, 0.0])
    after = [log_probability(controller.z, each) for each in (good, bad)]
    assert after[0] > before[0]
    assert after[1] < before[1]


@pytest.mark.parametrize(("warmup", "moves"), [(0, 0), (500, 0), (0, 20)])
def test_what_it_trains_becomes_better_and_is_always_new(warmup: int, moves: int) -> None:
    asked = Asked(scores if warmup or moves else no_scores)
    search = reinforce(SPACE, asked, 0, warmup=warmup, moves=moves)
    found = [each.accuracy for each in trained(search, asked, accuracy, 250)]
    random = np.mean([accuracy(each) for each in SPACE.sample(1000, named("test"))])
    assert len(found) == 250
    assert np.mean(found[-50:]) > random + (10 if warmup or moves else 5)
    if warmup or moves:
        assert np.mean(found[:50]) > random + 10
    # Whoever drives it never has to answer from memory.
    search = reinforce(SPACE, scores, 0)
    proposed, seen = next(search), set()
    for _ in range(100):
        assert proposed.hash not in seen
        seen.add(proposed.hash)
        proposed = search.send(0.0)


def test_it_ends_where_the_table_holds_nothing_new() -> None:
    some = [each for each in SPACE.everything or () if accuracy(each) > 60]
    asked = Asked(no_scores)
    space = of_table("nb201", {each.hash: each for each in some})
    found = list(trained(reinforce(space, asked, 1), asked, accuracy, 10_000))
    assert 0 < len(found) <= len(some)
