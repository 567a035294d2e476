"""POST /architectures/read: what spellings mean, before anybody scores them."""

import httpx2
import pytest

from service.benches import BENCHES
from service.client import Client
from tests.service.running import Running


@pytest.mark.parametrize("bench", BENCHES)
def test_spellings_are_read_in_the_order_asked(
    http: httpx2.Client, running: Running, bench: str
) -> None:
    readings = BENCHES[bench].sample(120, 8)
    with Client(running.address) as client:
        read = client.read(bench, [reading.asked for reading in readings])["architectures"]
        drawn = client.read(bench, [readings[0].asked], drawing=True)["architectures"]
    assert [each["hash"] for each in read] == [each.architecture.hash for each in readings]
    assert [each["asked"] for each in read] == [each.asked for each in readings]
    assert [each["spec"] for each in read] == [each.architecture.spec for each in readings]
    assert [each["whole"] for each in read] == [BENCHES[bench].whole(r.asked) for r in readings]
    assert all(each["drawing"] is None for each in read)
    assert drawn[0]["drawing"] is not None
    assert [v["kind"] for v in drawn[0]["drawing"]["vertices"]][-1] == "output"
    assert running.count("architectures") == 0


def test_sizes_are_those_of_the_literature(http: httpx2.Client) -> None:
    arch = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    body = {
        "bench": "nb201",
        "architectures": [{"arch": f"{arch}+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"}],
    }
    (read,) = http.post("/architectures/read", json=body).json()["architectures"]
    assert read["parameters"] == 73_306 + 6 * 243_040
    assert read["slots"] == ["nor_conv_3x3"] * 6


def test_what_score_refuses_is_refused_with_what_would_be_valid(http: httpx2.Client) -> None:
    good = {"ops": ["none"] * 6}
    wrong = {"ops": ["none"] * 5 + ["conv"]}
    body = {"bench": "nb201", "architectures": [good, wrong]}
    answer = http.post("/architectures/read", json=body)
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "urn:nascore:problem:invalid-architecture",
    )
    (fault,) = answer.json()["errors"]
    assert (fault["architecture"], fault["field"]) == (1, "ops/5")
    assert "nor_conv_3x3" in fault["valid"]
    for architectures in ([], None, "all", [good] * 10_001):
        body = {"bench": "nb201", "architectures": architectures}
        assert http.post("/architectures/read", json=body).status_code == 422
    body = {"bench": "nb201", "architectures": [good] * 1_001, "drawing": True}
    (fault,) = http.post("/architectures/read", json=body).json()["errors"]
    assert fault["field"] == "architectures"
