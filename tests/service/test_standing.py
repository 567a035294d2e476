"""GET /architectures/{bench}/{hash}/standing against the board that GET /rank shows."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from service.benches import BENCHES
from tests.service.running import Running, ask, score_all

NO_PATH = {"ops": ["none"] * 6}
PROXIES = ["params", "snip", "structural_synflow", "structural_pools"]


@pytest.fixture(scope="module", autouse=True)
def scored(running: Any) -> None:
    running.start_worker()
    cells = [reading.asked for reading in BENCHES["nb201"].sample(140, 6)]
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:
        score_all(http, "nb201", [*cells, NO_PATH], proxies=PROXIES)


def standing(http: httpx2.Client, digest: str, **query: str) -> dict[str, Any]:
    answer = http.get(f"/architectures/nb201/{digest}/standing", params=query)
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize("proxy", PROXIES)
def test_it_stands_where_the_board_has_it(http: httpx2.Client, proxy: str) -> None:
    board = http.get("/rank", params={"bench": "nb201", "proxy": proxy, "limit": 1000}).json()
    rows = board["items"]
    scores = [row["score"] for row in rows]
    for row in rows[::20]:
        found = standing(http, row["hash"], proxy=proxy)
        assert (found["score"], found["rank"]) == (row["score"], row["rank"])
        assert (found["total"], found["direction"]) == (len(rows), board["direction"])
        same = scores.count(row["score"])
        worse = len(rows) - (row["rank"] - 1) - same
        assert found["beaten"] == pytest.approx(100 * (worse + (same - 1) / 2) / (len(rows) - 1))
        spread = found["histogram"]
        assert sum(spread["counts"]) == len(rows)
        assert min(scores) <= spread["low"] <= spread["high"] <= max(scores)
    inner = [s for s in scores if spread["low"] < s < spread["high"]]
    width = (spread["high"] - spread["low"]) / len(spread["counts"])
    places = [int((s - spread["low"]) / width) for s in inner]
    for bar, count in enumerate(spread["counts"][1:-1], start=1):
        assert places.count(bar) == count


def test_a_score_that_is_undefined_or_not_there_has_no_rank(http: httpx2.Client) -> None:
    (none,) = ask(http, {"bench": "nb201", **NO_PATH, "proxies": PROXIES}).json()["results"]
    found = standing(http, none["hash"], proxy="structural_synflow")
    assert (found["score"], found["rank"], found["beaten"]) == (None, None, None)
    assert "no path" in found["undefined"]
    assert found["total"] > 100
    ahead = standing(http, none["hash"], proxy="nwot", seed="5")
    assert (ahead["total"], ahead["histogram"], ahead["undefined"]) == (0, None, None)
    assert http.get(f"/architectures/nb201/{'0' * 32}/standing").status_code == 404
    refused = http.get(f"/architectures/nb201/{none['hash']}/standing?proxy=accuracy")
    assert refused.status_code == 422


def test_where_all_are_alike_there_is_one_bar(http: httpx2.Client) -> None:
    cell = {"ops": ["none", "none", "none", "nor_conv_3x3", "none", "none"]}
    body = {"bench": "nb201", **cell, "proxies": ["params"], "seed": 3}
    (result,) = ask(http, body).json()["results"]
    found = standing(http, result["hash"], proxy="params", seed="3")
    assert found["histogram"] == {"low": found["score"], "high": found["score"], "counts": [1]}
    assert (found["rank"], found["total"], found["beaten"]) == (1, 1, None)


def test_a_board_is_read_once_for_as_long_as_it_is_the_same(
    http: httpx2.Client, running: Running
) -> None:
    """What its rows say meanwhile, which nobody but this test changes, is not read."""
    query = {"bench": "nb201", "proxy": "params", "seed": "4"}
    cells = [reading.asked for reading in BENCHES["nb201"].sample(12, 1)]
    scored = score_all(http, "nb201", cells[:10], proxies=["params"], seed=4)
    digest = scored[0]["hash"]
    before = standing(http, digest, proxy="params", seed="4")["histogram"]
    with running.session() as session:
        changed = "UPDATE scores SET value = value * 2 WHERE protocol_id = :protocol"
        newest = session.scalar(text("SELECT max(protocol_id) FROM scores"))
        session.execute(text(changed), {"protocol": newest})
    assert standing(http, digest, proxy="params", seed="4")["histogram"] == before
    score_all(http, "nb201", cells, proxies=["params"], seed=4)
    after = standing(http, digest, proxy="params", seed="4")
    assert after["histogram"]["high"] > before["high"]
    assert (
        sum(after["histogram"]["counts"])
        == after["total"]
        == http.get("/rank", params=query).json()["total"]
    )
