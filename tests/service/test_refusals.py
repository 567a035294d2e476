"""What is wrong is refused whole, at once, and says what would be valid."""

from typing import Any

import httpx2
import pytest

from service.benches import BENCHES
from tests.service.running import Running, ask

GOOD = {"arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"}


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:nascore:problem:")
    assert body["title"]
    return body


def test_one_bad_architecture_among_twenty_is_named_and_nothing_is_queued(
    http: httpx2.Client, running: Running
) -> None:
    spellings = [reading.asked for reading in BENCHES["nb101"].sample(20, 1)]
    ops = ["input", "none", "output"]
    spellings[13] = {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ops}
    body = problem(ask(http, {"bench": "nb101", "architectures": spellings}), 422)
    (fault,) = body["errors"]
    assert (fault["architecture"], fault["field"]) == (13, "ops/1")
    for name in BENCHES["nb101"].operations:
        assert name in fault["valid"]
    for table in ("jobs", "evaluations", "architectures"):
        assert running.count(table) == 0


def test_every_bad_architecture_is_named(http: httpx2.Client) -> None:
    bad = [{"arch": ""}, GOOD, {"ops": ["none"]}, {"arch": 7}, {"matrix": [[0]]}, {}]
    body = problem(ask(http, {"bench": "nb201", "architectures": bad}), 422)
    assert [fault["architecture"] for fault in body["errors"]] == [0, 2, 3, 4, 5]
    assert all(fault["valid"] for fault in body["errors"])


@pytest.mark.parametrize(
    ("change", "field", "valid"),
    [
        ({"bench": "nb301"}, "bench", "nb101, nb201"),
        ({"proxies": ["nwot", "vibes"]}, "proxies/1", "synflow"),
        ({"protocol": "shallow"}, "protocol", "full, fast"),
        ({"dataset": "imagenet"}, "dataset", "patches"),
        ({"architectures": [GOOD]}, "architecture", "exactly one way"),
        ({"architecture": GOOD}, "architecture", "exactly one way"),
    ],
)
def test_unknown_names_say_which_are_known(
    http: httpx2.Client, change: dict[str, Any], field: str, valid: str
) -> None:
    (fault,) = problem(ask(http, {"bench": "nb201", **GOOD, **change}), 422)["errors"]
    assert fault["field"] == field
    assert valid in fault["valid"] + fault["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "1"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"proxies": []}, "proxies"),
        ({"proxies": "nwot"}, "proxies"),
        ({"priority": "urgent"}, "priority"),
        ({"bench": "nb201\x00"}, "bench"),
        ({"dataset": "\x00"}, "dataset"),
        ({"batch_size": 8}, "batch_size"),
        ({"architecture": {"arch": "", "weights": 1}}, "architecture/weights"),
    ],
)
def test_json_is_strict(http: httpx2.Client, change: dict[str, Any], field: str) -> None:
    body = {"bench": "nb201", **change}
    faults = problem(ask(http, body), 422)["errors"]
    assert field in [fault["field"] for fault in faults]


@pytest.mark.parametrize("entry", ['"1"', "2", "NaN", "0.5", "null", "[]", "-1", "1e400"])
def test_an_entry_of_a_matrix_is_zero_or_one(http: httpx2.Client, entry: str) -> None:
    text = '{"bench":"nb101","matrix":[[0,ENTRY,0],[0,0,1],[0,0,0]],"ops":["input","output"]}'
    text = text.replace("ENTRY", entry).replace('"output"', '"conv3x3-bn-relu","output"')
    answer = http.post("/score", content=text, headers={"Content-Type": "application/json"})
    (fault,) = problem(answer, 422)["errors"]
    assert fault["field"].startswith("matrix")


def test_too_many_architectures(http: httpx2.Client) -> None:
    body = problem(ask(http, {"bench": "nb201", "architectures": [GOOD] * 10_001}), 422)
    assert body["errors"][0]["valid"] == "1 to 10000"
    # Counted before they are looked at: a fault for each of a million would take gigabytes.
    (fault,) = problem(ask(http, {"bench": "nb201", "architectures": [1] * 20_000}), 422)["errors"]
    assert fault["valid"] == "1 to 10000"
    body = problem(ask(http, {"bench": "nb201", "architectures": []}), 422)
    assert body["errors"][0]["field"] == "architectures"


def test_too_many_fields_are_not_listed(http: httpx2.Client) -> None:
    for swamp in ({f"k{i}": 1 for i in range(2_000)}, {f"k{i}": 1 for i in range(101)}):
        for body in ({"bench": "nb201", **swamp}, {"bench": "nb201", "architecture": swamp}):
            (fault,) = problem(ask(http, body), 422)["errors"]
            assert fault["detail"].endswith(" fields")


def test_what_is_no_object_among_architectures_is_named(http: httpx2.Client) -> None:
    body = {"bench": "nb201", "architectures": [GOOD, 7, None, [], {**GOOD, "weights": 1}]}
    faults = problem(ask(http, body), 422)["errors"]
    assert [(fault["architecture"], fault["field"]) for fault in faults] == [
        (1, "architecture"),
        (2, "architecture"),
        (3, "architecture"),
        (4, "weights"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"nb201"',
        b"\xff\xfe",
        b"nonsense",
        b"[" * 30_000,
        b'{"seed": ' + b"1" * 5_000 + b"}",
    ],
)
def test_a_body_that_is_no_request(http: httpx2.Client, content: bytes) -> None:
    answer = http.post("/score", content=content, headers={"Content-Type": "application/json"})
    assert problem(answer, 422)["errors"][0]["field"]


def test_a_body_too_large(http: httpx2.Client) -> None:
    answer = http.post(
        "/score", content=b" " * (17 * 2**20), headers={"Content-Type": "application/json"}
    )
    problem(answer, 413)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/jobs/00000000-0000-0000-0000-000000000000", 404),
        ("/jobs/00000000-0000-0000-0000-000000000000/results", 404),
        ("/jobs/7", 422),
        ("/architectures/nb201/00000000000000000000000000000000", 404),
        ("/architectures/nb201/xyz", 422),
        ("/architectures/nb9/00000000000000000000000000000000", 422),
        ("/rank", 422),
        ("/rank?bench=nb201&proxy=vibes", 422),
        ("/rank?bench=nb201&limit=0", 422),
        ("/rank?bench=nb201&seed=1.5", 422),
        ("/rank?bench=nb201&cursor=AAAA", 422),
        ("/rank?bench=nb201&cursor=%00", 422),
        ("/rank?bench=nb201&cursor=W05hTiwxLDEsMV0", 422),
        ("/nowhere", 404),
        ("/score", 405),
    ],
)
def test_wrong_addresses(http: httpx2.Client, path: str, status: int) -> None:
    problem(http.get(path), status)


def test_a_body_without_its_type_is_told_what_is_missing(http: httpx2.Client) -> None:
    (fault,) = problem(http.post("/score", content=b'{"bench": "nb201"}'), 415)["errors"]
    assert (fault["field"], fault["valid"]) == ("Content-Type", "application/json")


def test_rank_names_its_own_field(http: httpx2.Client) -> None:
    (fault,) = problem(http.get("/rank?bench=nb201&proxy=vibes"), 422)["errors"]
    assert fault["field"] == "proxy"
