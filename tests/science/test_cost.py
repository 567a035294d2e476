"""What scores cost: the literature's counts, and multiply-adds beside what torch itself counts."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from service.benches import BENCHES
from service.catalogue import CATALOGUE, MEASURED
from service.cost import (
    DRAWN,
    Measured,
    Took,
    cost_of,
    measured,
    median_multiply_adds,
    timed_as,
    training_cost,
)
from service.engine import initial_weights, sweep
from service.ensembles import ENSEMBLES
from tests.benches import data

IMAGES = 16
RUNS_NOTHING = {"params", "flops", "l2_norm"}


def test_minibatches_are_counted_as_the_paper_counts_them() -> None:
    for name, proxy in CATALOGUE.items():
        free = proxy.structural or name in RUNS_NOTHING
        assert cost_of([name]).minibatches == (0 if free else 1), name
    assert cost_of(ENSEMBLES["vote"].members).minibatches == 3


def test_what_members_share_is_paid_once() -> None:
    az_nas = cost_of(ENSEMBLES["az_nas"].members)
    assert az_nas == cost_of(["expressivity"])
    assert cost_of(["snip", "fisher"]) == cost_of(["snip"])
    vote = cost_of(ENSEMBLES["vote"].members)
    apart = [cost_of([name]) for name in ENSEMBLES["vote"].members]
    # One forward serves snip and jacob_cov.
    assert vote.forwards == sum(each.forwards for each in apart) - 1
    assert cost_of(["params", "structural_pools"]).multiply_adds(64, 1e6) == 0


# None with depthwise convolutions: torch counts their way back as if they had one group.
@pytest.mark.parametrize("bench", ["nb101", "nb201", "transnas_micro"])
@pytest.mark.parametrize(
    "proxies",
    [*([name] for name in MEASURED if name not in RUNS_NOTHING), ["synflow", "jacob_cov", "snip"]],
    ids="+".join,
)
def test_multiply_adds_are_what_torch_counts(bench: str, proxies: list[str]) -> None:
    found = BENCHES[bench]
    for reading in found.sample(2, 1):
        graph = found.graph(reading.architecture.spec, found.skeletons["fast"], 10)
        passes = frozenset[str]().union(*(CATALOGUE[name].passes for name in proxies))
        if "jacobian" in passes and graph.output_is_centred:
            pytest.skip("nothing is run for a Jacobian that is 0")
        images = torch.rand(IMAGES, *graph.shapes[0])
        labels = torch.arange(IMAGES) % 10
        with FlopCounterMode(display=False) as counter:
            sweep(graph, initial_weights(graph, 0), images, labels, passes, 0)
        of_convolutions = sum(
            count
            for operation, count in counter.get_flop_counts()["Global"].items()
            if "convolution" in str(operation)
        )
        # It counts additions too. First layers have no cotangents to give, dead ends are run.
        assert cost_of(proxies).multiply_adds(IMAGES, graph.flops) == pytest.approx(
            of_convolutions / 2, rel=0.08
        )


@pytest.mark.parametrize("bench", BENCHES)
def test_the_median_is_that_of_the_sample(bench: str) -> None:
    found = BENCHES[bench]
    for skeleton in found.skeletons.values():
        flops = [
            found.size(reading.architecture.spec, skeleton, 10).flops
            for reading in found.sample(DRAWN, 0)
        ]
        assert median_multiply_adds(bench, skeleton, 10) == np.median(flops)


def test_times_are_sums_of_means() -> None:
    took = {
        "build": Took(4, 2.0),
        "forward": Took(2, 6.0),
        "loss": Took(1, 7.0),
        "synflow": Took(9, 9.0),
    }
    assert measured(cost_of(["snip"]), took) == Measured(10.5, 1, upper_bound=False)
    assert measured(cost_of(["nwot"]), took) == Measured(3.5, 2, upper_bound=False)
    assert measured(cost_of(["synflow"]), took) == Measured(1.5, 4, upper_bound=False)
    assert measured(cost_of(["zico"]), took) is None
    # Without motions grasp was never run; and what needs no pass has no time of one.
    assert measured(cost_of(["grasp"]), took) is None
    assert measured(cost_of(["params"]), took) is None


def test_motions_are_kept_apart_and_else_bound_the_time() -> None:
    moving = {timed_as(name, True): Took(1, 4.0) for name in ("build", "forward", "loss")}
    assert set(moving) == {"build", "forward with motions", "loss with motions"}
    assert measured(cost_of(["grasp"]), moving) == Measured(12.0, 1, upper_bound=False)
    assert measured(cost_of(["snip"]), moving) == Measured(12.0, 1, upper_bound=True)
    both = {**moving, "forward": Took(1, 1.0), "loss": Took(1, 1.0)}
    assert measured(cost_of(["grasp"]), both) == Measured(12.0, 1, upper_bound=False)
    assert measured(cost_of(["snip"]), both) == Measured(6.0, 1, upper_bound=False)


def test_training_costs_its_epochs_of_the_bench_s_images() -> None:
    def minibatches(bench: str, split: str | None, epochs: int) -> int:
        found = training_cost(bench, "cifar10", split, epochs)
        assert found is not None
        return found.minibatches

    # Abdelfattah et al. 2021: the full network after 5, 10, 20 and 40 epochs.
    for epochs, paper in ((5, 980), (10, 1_960), (20, 3_920), (40, 7_840)):
        assert minibatches("nb201", "test", epochs) == paper
    assert minibatches("nb201", "test", 12) == 2_352
    assert minibatches("nb201", "validation", 12) == 1_176
    assert [minibatches("nb101", "validation", epochs) for epochs in (4, 12, 36)] == [
        *(628, 1_884, 5_652)
    ]
    assert training_cost("nb201", "svhn", "test", 12) is None
    assert training_cost("nb201", "cifar10", None, 12) is None
    found = training_cost("nb101", "cifar10", "validation", 4)
    assert found is not None
    of_image = median_multiply_adds("nb101", BENCHES["nb101"].skeletons["full"], 10)
    assert found.multiply_adds == 3 * 4 * 40_000 * of_image


def test_nb201_s_validation_accuracies_are_of_half_the_images() -> None:
    """On CIFAR-10 they are those of another training, far behind the test accuracies; on the two
    other datasets both are measured of one training."""
    rows = data.rows("nb201_accuracy.csv.gz")
    gaps = {
        dataset: np.median([float(row[f"{dataset}_test_12ep"]) for row in rows])
        - np.median([float(row[f"{dataset}_val_12ep"]) for row in rows])
        for dataset in ("c10", "c100", "in16")
    }
    assert gaps["c10"] > 7
    assert abs(gaps["c100"]) < 1
    assert abs(gaps["in16"]) < 1
