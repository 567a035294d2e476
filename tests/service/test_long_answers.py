"""Answers of many items are written piece by piece, and are the same for that."""

import asyncio
from typing import Any

import httpx2
import numpy as np
import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from service.api import pieces
from service.api.pieces import PIECE, VALUES
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


class Table(BaseModel):
    said: str
    names: list[str]
    values: list[float | None]
    kind: str


@pytest.mark.parametrize("count", [0, 1, VALUES, VALUES + 1, 3 * VALUES])
def test_columns_are_those_of_the_whole(count: int) -> None:
    names = np.arange(count).astype("S8")
    values = np.where(np.arange(count) % 7, np.linspace(-1e9, 1e-9, count), np.nan)
    answer = pieces.columns(Table(said="[]", names=[], values=[], kind="k"), [names, values])
    found = Table.model_validate_json(asyncio.run(body(answer)))
    assert found.names == [str(number) for number in range(count)]
    assert found.values == [None if value != value else value for value in values.tolist()]
    assert (found.said, found.kind) == ("[]", "k")


async def body(answer: Response) -> bytes:
    if not isinstance(answer, StreamingResponse):
        return bytes(answer.body)
    sent = [bytes(piece) async for piece in answer.body_iterator]
    assert max(map(len, sent)) < 64 * VALUES, "one piece after the other"
    return b"".join(sent)
