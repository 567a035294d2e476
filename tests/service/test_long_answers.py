"""Answers of many items are written piece by piece, and are the same for that."""

from typing import Any

import httpx2
import pytest

from service.api.pieces import PIECE
from service.benches import BENCHES
from tests.service.running import ask

SPELLINGS = [reading.asked for reading in BENCHES["nb201"].sample(3 * PIECE, 4)]


def results(http: httpx2.Client, job: str) -> list[Any]:
    found, path = [], f"/jobs/{job}/results?limit=1000"
    while path:
        page = http.get(path)
        found += page.json()["results"]
        path = page.links["next"]["url"] if "next" in page.links else ""
    return found


@pytest.mark.parametrize("count", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_every_item_once_in_order(http: httpx2.Client, count: int, coding: str) -> None:
    body = {"bench": "nb201", "architectures": SPELLINGS[:count]}
    answer = ask(http, body, wait=None, **{"Accept-Encoding": coding})
    assert answer.status_code == 202
    assert answer.headers["Content-Type"] == "application/json"
    assert ("Content-Length" in answer.headers) == (count <= PIECE)
    shown = answer.json()
    assert [result["asked"] for result in shown["results"]] == SPELLINGS[:count]
    assert shown["results"] == results(http, shown["job"])
    hashes = [result["hash"] for result in shown["results"]]
    known = http.post("/architectures/lookup", json={"bench": "nb201", "hashes": hashes}).json()
    assert [each["hash"] for each in known["architectures"]] == hashes
    assert known["protocol"] == shown["protocol"]
