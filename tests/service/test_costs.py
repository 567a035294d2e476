"""What scores cost, as `/proxies` and `/correlation` tell it from what workers have timed."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from statistics import mean
from typing import Any

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.cost import median_multiply_adds
from tests.service.correlating import (
    add_series,
    await_answer,
    by_name,
    complete,
    forget,
    truth,
)
from tests.service.interpreters import run as nascore
from tests.service.running import Running, score_all

ASKED = ["params", "snip", "nwot", "structural_pools"]
NEVER = "600"
"""Seconds: a worker that sweeps once, at its start, tells its times when it takes its leave."""

Json = dict[str, Any]


def catalogue(http: httpx2.Client) -> dict[str, Json]:
    return {each["name"]: each["cost"] for each in http.get("/proxies").json()}


def await_costs(http: httpx2.Client, done: Callable[[dict[str, Json]], object]) -> dict[str, Json]:
    deadline = time.monotonic() + 60
    while not done(found := catalogue(http)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def scored(running: Running) -> Iterator[dict[str, dict[str, float | None]]]:
    """By hash, scores by two workers, one after the other; both have taken their leave."""
    found = {}
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:
        assert all(not cost["measured"] for cost in catalogue(http).values())
        for name, seed in (("first", 1), ("second", 2)):
            running.start_worker(name, NASCORE_SWEEP_SECONDS=NEVER)
            spellings = [reading.asked for reading in BENCHES["nb201"].sample(30, seed)]
            results = score_all(http, "nb201", spellings, proxies=ASKED)
            found |= {result["hash"]: result["scores"] for result in results}
            running.end(name)
        (example,) = score_grasp(running, http)
    assert example["scores"]["grasp"] is not None
    yield found
    forget(running)


def score_grasp(running: Running, http: httpx2.Client) -> list[Json]:
    """One network of the other bench, by the proxy that carries motions."""
    running.start_worker("moving", NASCORE_SWEEP_SECONDS=NEVER)
    results = score_all(http, "nb101", [BENCHES["nb101"].example], proxies=["grasp"])
    running.end("moving")
    return results


def passes(running: Running, *workers: str) -> list[dict[str, float]]:
    """By evaluation, the seconds that the workers' logs tell."""
    return [line["passes"] for name in workers for line in running.lines(name, "evaluated")]


def test_seconds_are_the_means_that_the_workers_logged(
    running: Running, http: httpx2.Client, scored: Json
) -> None:
    found = catalogue(http)
    logged = passes(running, "first", "second")
    for proxy, names in (
        ("snip", ("build", "forward", "loss")),
        ("nwot", ("build", "forward")),
        ("structural_pools", ("structure",)),
    ):
        (times,) = (each for each in found[proxy]["measured"] if each["bench"] == "nb201")
        expected = sum(mean(each[n] for each in logged if n in each) for n in names)
        # The log rounds each pass to a tenth of a millisecond.
        assert times["seconds"] == pytest.approx(expected, abs=1e-4)
        assert times["evaluations"] == min(sum(n in each for each in logged) for n in names)
        assert (times["device"], times["protocol"], times["upper_bound"]) == ("cpu", "fast", False)
    assert found["params"]["measured"] == []
    assert found["zico"]["measured"] == []


def test_what_was_timed_with_motions_alone_is_an_upper_bound(
    running: Running, http: httpx2.Client, scored: Json
) -> None:
    found = catalogue(http)
    (logged,) = passes(running, "moving")
    for proxy in ("grasp", "snip"):
        (times,) = (each for each in found[proxy]["measured"] if each["bench"] == "nb101")
        expected = sum(logged[name] for name in ("build", "forward", "loss"))
        assert times["seconds"] == pytest.approx(expected, abs=3e-4)
        assert times["upper_bound"] == (proxy == "snip")
    assert [each for each in found["grasp"]["measured"] if each["bench"] == "nb201"] == []


def test_every_proxy_and_ensemble_says_what_it_costs(http: httpx2.Client, scored: Json) -> None:
    found = catalogue(http)
    assert found["vote"]["minibatches"] == 3
    assert [found[name]["minibatches"] for name in ASKED] == [0, 1, 1, 0]
    of_image = median_multiply_adds("nb201", BENCHES["nb201"].skeletons["full"], 10)
    assert found["snip"]["multiply_adds"]["nb201"]["full"] == 3 * 64 * of_image
    assert found["synflow"]["multiply_adds"]["nb201"]["full"] == 2 * of_image
    assert set(found) >= set(CATALOGUE)


def test_costs_stand_beside_correlations_and_order_them(
    running: Running, http: httpx2.Client, scored: dict[str, dict[str, float | None]]
) -> None:
    running.start_worker()
    rows = truth(scored)
    add_series(running, "made", rows)
    add_series(running, "short", rows, epochs=12)
    add_series(running, "shorter", rows, epochs=12, split="validation")
    add_series(running, "theirs", rows, kind="score", epochs=None, split=None, metric="nwot")
    answer = await_answer(http, "truth=made&order=cost", complete)
    items = by_name(answer)
    order = [item["proxy"] for item in answer["items"]]
    assert order[0] == "params"
    assert order[1] == "structural_pools"
    assert set(order[2:4]) == {"snip", "nwot"}
    assert order[4:] == ["shorter", "short", "theirs"]
    costs = {name: item["cost"] for name, item in items.items()}
    assert (costs["params"]["seconds"], costs["params"]["measured"]) == (0.0, [])
    told = catalogue(http)["snip"]["measured"]
    (times,) = ({**each} for each in told if each.pop("bench") == "nb201")
    times.pop("protocol")
    assert costs["snip"]["measured"] == [times]
    assert costs["snip"]["seconds"] == times["seconds"]
    assert costs["short"]["minibatches"] == 2 * costs["shorter"]["minibatches"] == 2_352
    assert costs["short"]["seconds"] is None
    assert costs["theirs"] == {
        **dict.fromkeys(("minibatches", "multiply_adds", "seconds")),
        "measured": [],
    }
    table = http.get(
        "/correlation?bench=nb201&truth=made&order=cost", headers={"Accept": "text/csv"}
    )
    cells = {row["proxy"]: row for row in csv.DictReader(io.StringIO(table.text, newline=""))}
    assert list(cells) == order
    for name, cost in costs.items():
        for field in ("minibatches", "multiply_adds", "seconds"):
            text = cells[name][f"cost_{field}"]
            assert (float(text) if text else None) == cost[field]
    assert (cells["snip"]["cost_device"], cells["short"]["cost_device"]) == ("cpu", "")
    shown = nascore(
        *("evidence", "--bench", "nb201", "--truth", "made", "--order", "cost"),
        *("--server", running.address),
    )
    assert shown.returncode == 0, shown.stderr
    (line,) = (line for line in shown.stdout.splitlines() if " short " in line)
    assert "2,352" in line


def test_a_sweep_tells_times_while_a_worker_goes_on(
    running: Running, http: httpx2.Client, scored: Json
) -> None:
    if "worker" not in running.processes:
        running.start_worker()
    score_all(http, "nb201", [BENCHES["nb201"].example], proxies=["zico"], seed=9)
    costs = await_costs(http, lambda found: found["zico"]["measured"])
    (times,) = costs["zico"]["measured"]
    assert times["evaluations"] == 1
    assert times["seconds"] > 0
