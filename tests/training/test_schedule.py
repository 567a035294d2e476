from math import cos, pi

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR

from service.training.schedule import learning_rate
from tests.training.toy import recipe

FORTY = recipe(epochs=40, schedule_epochs=40)


def test_it_is_half_a_cosine_from_the_first_epoch_to_the_one_after_the_last() -> None:
    rates = {epoch: learning_rate(FORTY, epoch) for epoch in (1, 11, 21, 31, 41)}
    root = 2**0.5 / 2
    assert rates == pytest.approx(
        {1: 0.1, 11: 0.05 * (1 + root), 21: 0.05, 31: 0.05 * (1 - root), 41: 0}, abs=1e-17
    )
    assert rates[1] == 0.1
    assert learning_rate(FORTY, 40) == pytest.approx(0.05 * (1 - cos(pi / 40)), rel=1e-12)


def test_it_does_not_depend_on_how_many_epochs_are_asked_for() -> None:
    assert learning_rate(recipe(3), 2) == learning_rate(recipe(6), 2)


def test_torch_has_the_same() -> None:
    sgd = SGD([torch.nn.Parameter(torch.zeros(1))], lr=FORTY.learning_rate)
    schedule = CosineAnnealingLR(sgd, T_max=40)
    for epoch in range(1, 41):
        assert sgd.param_groups[0]["lr"] == pytest.approx(learning_rate(FORTY, epoch), rel=1e-9)
        sgd.step()
        schedule.step()
