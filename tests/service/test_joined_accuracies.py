"""One class, several trained spellings: what the architecture and the board say of it."""

import csv
import io
from statistics import fmean
from typing import Any

import httpx2
import pytest

from service.benches import BENCHES
from tests.service.running import Running, ask
from tests.service.test_accuracies import put, table
from tests.service.test_refusals import problem

BENCH = BENCHES["nb201"]
CONVOLUTION = {"arch": "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|none~2|"}
READING = BENCH.read(CONVOLUTION)
SPELLINGS = list(BENCH.spellings(READING.architecture.spec))[:3]
OTHER = {"arch": "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"}
UNTRAINED = {"arch": "|none~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|"}


@pytest.fixture(scope="module")
def trained(worker: Running) -> Running:
    """A class with three trained spellings, one of them twice; two series; scores of three."""
    first, second, third = SPELLINGS
    rows = [
        {**first, "value": 80.0, "seed": 0},
        {**first, "value": 84.0, "seed": 1},
        {**second, "value": 90.0},
        {**third, "value": 88.0, "seed": 7},
        {**OTHER, "value": 70.5},
    ]
    with httpx2.Client(base_url=worker.address, timeout=120.0) as http:
        assert "truth" in board(http)
        assert board(http)["truth"] is None
        short: dict[str, Any] = {"dataset": "cifar10", "split": "validation", "epochs": 200}
        assert put(http, table([{**OTHER, "value": 60.0}], **short)).status_code == 200
        assert put(http, table(rows, epochs=100, name="long")).status_code == 200
        assert put(http, table(rows[3:], epochs=12)).status_code == 200
        for spelling in (CONVOLUTION, OTHER, UNTRAINED):
            assert ask(http, {"bench": "nb201", **spelling, "proxies": ["params"]}).json()
    return worker


def board(http: httpx2.Client, more: str = "", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/rank?bench=nb201&proxy=params{more}").json()
    return found


def accuracy(found: dict[str, Any]) -> dict[str, float | None]:
    return {item["hash"]: item["accuracy"] for item in found["items"]}


def hash_of(spelling: dict[str, Any]) -> str:
    return BENCH.read(spelling).architecture.hash


def test_an_architecture_has_mean_count_and_spread(trained: Running, http: httpx2.Client) -> None:
    found = http.get(f"/architectures/nb201/{READING.architecture.hash}").json()["accuracy"]
    assert [each["series"] for each in found] == ["long", "cifar10-test-12ep"]
    long, short = found
    assert long["mean"] == pytest.approx(fmean([82.0, 90.0, 88.0]))
    assert (long["count"], long["spread"]) == (3, 8.0)
    assert (long["dataset"], long["split"], long["epochs"]) == ("cifar10", "test", 100)
    assert long["metric"] == "top1_percent"
    of_spelling = {each["spelling"]["arch"]: each for each in long["spellings"]}
    values = [of_spelling[spelling["arch"]] for spelling in SPELLINGS]
    assert [(each["accuracy"], each["values"]) for each in values] == [(82, 2), (90, 1), (88, 1)]
    assert (short["mean"], short["count"], short["spread"]) == (88.0, 1, 0.0)
    untrained = http.get(f"/architectures/nb201/{hash_of(UNTRAINED)}").json()
    assert untrained["accuracy"] == []


def test_a_board_has_the_means_of_its_truth(trained: Running, http: httpx2.Client) -> None:
    """Test before validation, more epochs before fewer, unless another series is asked for."""
    found = board(http)
    assert found["truth"] == "long"
    assert accuracy(found) == {
        READING.architecture.hash: pytest.approx(fmean([82.0, 90.0, 88.0])),
        hash_of(OTHER): 70.5,
        hash_of(UNTRAINED): None,
    }
    other = board(http, "&truth=cifar10-validation-200ep")
    assert other["truth"] == "cifar10-validation-200ep"
    assert [value for value in accuracy(other).values() if value is not None] == [60.0]
    text = http.get("/rank?bench=nb201&proxy=params", headers={"Accept": "text/csv"}).text
    lines = {line["hash"]: line["accuracy"] for line in csv.DictReader(io.StringIO(text))}
    assert {key: float(value) if value else None for key, value in lines.items()} == accuracy(found)
    answer = http.get("/rank?bench=nb201&proxy=params&truth=cifar10-test-12ep&limit=1")
    following = http.get(answer.links["next"]["url"]).json()
    assert following["truth"] == "cifar10-test-12ep"
    refused = problem(http.get("/rank?bench=nb201&truth=nothing"), 422)
    assert refused["errors"][0]["field"] == "truth"
    assert "long" in refused["errors"][0]["valid"]


def test_a_page_is_another_where_accuracies_changed(trained: Running, http: httpx2.Client) -> None:
    path = "/rank?bench=nb201&proxy=params"
    tag = http.get(path).headers["ETag"]
    assert http.get(path, headers={"If-None-Match": tag}).status_code == 304
    row = {**OTHER, "value": 71.5}
    assert put(http, table([row], epochs=100, name="long")).json()["changed"] == 1
    answer = http.get(path, headers={"If-None-Match": tag})
    assert accuracy(answer.json())[hash_of(OTHER)] == 71.5
    short = http.get(f"{path}&truth=cifar10-test-12ep").headers["ETag"]
    assert short not in (tag, answer.headers["ETag"])
