"""GET /correlation/points: the columns are those that the other calls tell one by one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import numpy as np
import pytest
from sqlalchemy import text

from service.api.turns import POINTS_AT_ONCE
from tests.service.correlating import add_series, forget, score_some, truth
from tests.service.running import START_S, Running

SETTINGS = {"NASCORE_POINTS_LIMIT": "60", "NASCORE_DATABASE_LOCK_SECONDS": str(START_S)}
"""Who is kept waiting on purpose waits for as long as a loaded machine may need."""


@pytest.fixture(scope="module")
def scored(worker: Running) -> dict[str, dict[str, float | None]]:
    return score_some(worker)


@pytest.fixture(autouse=True)
def clean(running: Running) -> Iterator[None]:
    yield
    forget(running)


def points(http: httpx2.Client, *scores: str, **more: Any) -> Any:
    return http.get("/correlation/points", params={"bench": "nb201", "score": scores, **more})


def test_scores_stand_beside_accuracies(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    (without_path,) = (each for each, values in scored.items() if values["snip"] is None)
    known = sorted({without_path, *sorted(scored)[::2]})
    rows = truth(known, 1)
    add_series(running, "made", rows)
    found = points(http, "snip", "params", accuracy="known").json()
    assert found["hashes"] == known
    assert found["total"] == len(known)
    assert found["truth"]["name"] == "made"
    means = {each: np.mean([row[3] for row in rows if row[0] == each]) for each in known}
    assert found["accuracies"] == pytest.approx([means[each] for each in known])
    for column, name in zip(found["scores"], ("snip", "params"), strict=True):
        assert (column["name"], column["kind"], column["direction"]) == (name, "proxy", "larger")
        assert column["values"] == [scored[each][name] for each in known]


def test_of_too_many_those_of_the_lowest_hashes(
    http: httpx2.Client, scored: dict[str, Any]
) -> None:
    """Without any accuracies two scores can be compared all the same."""
    found = points(http, "snip", "params").json()
    assert found["truth"] is None
    assert found["total"] == len(scored) > len(found["hashes"]) == 60
    assert found["hashes"] == sorted(scored)[:60]
    assert set(found["accuracies"]) == {None}
    assert points(http, "snip", accuracy="known").json()["hashes"] == []


def test_a_series_is_a_score(http: httpx2.Client, running: Running, scored: dict[str, Any]) -> None:
    some = sorted(scored)[:30]
    add_series(running, "made", truth(some, 1))
    rows = truth(some[:25], 2)
    series = {"kind": "score", "split": None, "epochs": None, "metric": "synflow"}
    add_series(running, "theirs", rows, **series)
    found = points(http, "theirs", "params").json()
    assert found["hashes"] == some[:25]
    assert [each["kind"] for each in found["scores"]] == ["published", "proxy"]
    means = [np.mean([row[3] for row in rows if row[0] == each]) for each in some[:25]]
    assert found["scores"][0]["values"] == pytest.approx(means)


def test_what_nobody_has_scored_is_empty(http: httpx2.Client, scored: dict[str, Any]) -> None:
    for more in ({"seed": 77}, {"protocol": "full"}):
        found = points(http, "params", **more).json()
        assert (found["total"], found["hashes"], found["scores"][0]["values"]) == (0, [], [])


@pytest.mark.parametrize(
    ("scores", "more", "field"),
    [
        (["paramz"], {}, "score"),
        (["params"] * 3, {}, "score"),
        ([], {}, "score"),
        (["params"], {"truth": "made"}, "truth"),
        (["params"], {"accuracy": "unknown"}, "accuracy"),
    ],
)
def test_unknown_names_are_refused(
    http: httpx2.Client, scores: list[str], more: dict[str, str], field: str
) -> None:
    refused = points(http, *scores, **more)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].split("/")[0] == field


def test_a_few_answers_are_read_at_a_time(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    """Nobody who waits meanwhile has a connection, and everybody is answered."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )

    def busy() -> int:
        with running.session() as session:
            return int(session.scalar(waiting))

    # A worker would wait for the table too.
    running.end_workers()
    several = 2 * POINTS_AT_ONCE
    with ThreadPoolExecutor(several) as clients:
        with running.session() as session:
            session.execute(text("LOCK TABLE architectures IN ACCESS EXCLUSIVE MODE"))
            asked = [clients.submit(points, http, "params") for _ in range(several)]
            deadline = time.monotonic() + START_S / 2
            while busy() < POINTS_AT_ONCE:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(0.5)
            assert busy() == POINTS_AT_ONCE
        assert {each.result().json()["total"] for each in asked} == {len(scored)}
