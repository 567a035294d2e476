"""GET /rank: every client's scores on one board."""

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from tests.service.running import ask

pytestmark = pytest.mark.usefixtures("worker")

NO_PATH = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}


@pytest.fixture(scope="module")
def scored(worker: object, running: object) -> dict[str, dict[str, float]]:
    """Two dozen architectures of each bench, by hash, asked for by somebody else."""
    known: dict[str, dict[str, float]] = {}
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:  # type: ignore[attr-defined]
        for bench in ("nb101", "nb201"):
            spellings = [reading.asked for reading in BENCHES[bench].sample(24, 2)]
            if bench == "nb201":
                spellings.append(NO_PATH)
            body = {
                "bench": bench,
                "architectures": spellings,
                "proxies": ["params", "snip", "nwot"],
            }
            answer = ask(http, body)
            assert answer.status_code == 200
            for result in answer.json()["results"]:
                known[f"{bench}/{result['hash']}"] = result["scores"]
    return known


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
@pytest.mark.parametrize("proxy", ["params", "snip", "nwot"])
@pytest.mark.parametrize("limit", [1_000, 7])
def test_best_first_each_once(
    http: httpx2.Client,
    scored: dict[str, dict[str, float]],
    bench: str,
    proxy: str,
    limit: int,
) -> None:
    path: str | None = f"/rank?bench={bench}&proxy={proxy}&limit={limit}"
    items = []
    while path is not None:
        answer = http.get(path)
        board = answer.json()
        items += board["items"]
        path = answer.links["next"]["url"] if board["next"] else None
    expected = {
        key.partition("/")[2]: scores[proxy]
        for key, scores in scored.items()
        if key.startswith(bench) and scores[proxy] is not None
    }
    assert {item["hash"]: item["score"] for item in items} == expected
    assert len(items) == board["total"] == len(expected)
    larger = board["direction"] == "larger"
    assert board["direction"] == CATALOGUE[proxy].better[bench]
    assert board["evidence"]
    for item in items:
        ahead = [
            s for s in expected.values() if (s > item["score"] if larger else s < item["score"])
        ]
        assert item["rank"] == 1 + len(ahead)
    assert [item["rank"] for item in items] == sorted(item["rank"] for item in items)


def test_undefined_scores_are_left_out_and_counted(
    http: httpx2.Client, scored: dict[str, dict[str, float]]
) -> None:
    assert http.get("/rank?bench=nb201&proxy=nwot").json()["undefined"] == 1
    assert http.get("/rank?bench=nb201&proxy=params").json()["undefined"] == 0
    hashes = {item["hash"] for item in http.get("/rank?bench=nb201&limit=1000").json()["items"]}
    no_path = BENCHES["nb201"].read(NO_PATH).architecture.hash
    assert f"nb201/{no_path}" in scored
    assert no_path not in hashes


@pytest.mark.parametrize(("bench", "ensemble"), [("nb101", "az3"), ("nb201", "e5")])
def test_the_default_is_the_benchs_ensemble_under_fast(
    http: httpx2.Client, bench: str, ensemble: str
) -> None:
    board = http.get(f"/rank?bench={bench}").json()
    assert (board["proxy"], board["protocol"]["name"]) == (ensemble, "fast")


def test_an_empty_board_is_empty(http: httpx2.Client) -> None:
    board = http.get("/rank?bench=nb201&seed=77").json()
    assert (board["total"], board["items"], board["next"]) == (0, [], None)


def test_a_cursor_belongs_to_its_board(
    http: httpx2.Client, scored: dict[str, dict[str, float]]
) -> None:
    cursor = http.get("/rank?bench=nb201&proxy=nwot&limit=3").json()["next"]
    assert http.get(f"/rank?bench=nb201&proxy=nwot&cursor={cursor}").status_code == 200
    for other in ("bench=nb201&proxy=params", "bench=nb101&proxy=nwot", "bench=nb201&seed=1"):
        refused = http.get(f"/rank?{other}&cursor={cursor}")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "cursor"
