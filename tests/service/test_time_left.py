"""How long jobs take: by hand, for workers that share them."""

from uuid import UUID

import pytest

from service.api.time_left import Rest, time_left

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
CPU = {"cpu": 1.0}


def test_a_job_alone_is_shared_by_all_workers() -> None:
    assert time_left([Rest(A, "bulk", 10, CPU)], ["cpu", "cpu"]) == {A: 5.0}


def test_one_architecture_has_one_worker_at_a_time_and_the_quicker_one() -> None:
    takes = {"cpu": 8.0, "cuda:0": 2.0}
    assert time_left([Rest(A, "live", 1, takes)], ["cpu", "cuda:0"]) == {A: 2.0}
    # A second of both does an eighth and a half.
    assert time_left([Rest(A, "live", 10, takes)], ["cpu", "cuda:0"]) == {A: 16.0}


def test_jobs_of_a_priority_take_turns_and_wait_for_those_before() -> None:
    rests = [Rest(A, "bulk", 30, CPU), Rest(B, "bulk", 10, CPU), Rest(C, "live", 5, CPU)]
    # After the live five, both have half of each second until the ten are done, after twenty.
    assert time_left(rests, ["cpu"]) == {C: 5.0, B: 25.0, A: 45.0}
    background = Rest(C, "background", 1, CPU)
    assert time_left([*rests[:2], background], ["cpu"])[C] == 41.0


@pytest.mark.parametrize(
    ("devices", "unknown"),
    [([], [A, B, C]), (["cuda:0"], [A, B, C]), (["cpu"], [B, C])],
    ids=["no worker", "on no such device", "of no such kind"],
)
def test_where_nobody_can_say_nobody_does(devices: list[str], unknown: list[UUID]) -> None:
    rests = [Rest(A, "live", 1, CPU), Rest(B, "bulk", 1, {}), Rest(C, "bulk", 1, CPU)]
    left = time_left(rests, devices)
    assert [job for job, seconds in left.items() if seconds is None] == unknown


def test_what_takes_no_time_is_done_at_once() -> None:
    assert time_left([Rest(A, "live", 100, {"cpu": 0.0})], ["cpu"]) == {A: 0.0}
