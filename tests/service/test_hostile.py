"""Whatever is sent is answered at once by a problem, in flat memory, and never by a traceback."""

import gzip
import json
import re
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.benches import BENCHES
from tests.service import raw
from tests.service.running import Running

GROWTH_MB = 40
"""What the process may keep of all this: what it does for the first time takes 30, the values of a
single body of 8 MB would take 100."""

MB = 2**20
BODY_LIMIT = 8 * MB

ASKING = '{"bench": "nb201", "arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"'
GOOD = f"{ASKING}}}".encode()
JSON = {"Content-Type": "application/json"}
LOOKUP = b'{"bench": "nb201", "hashes": ["d01cd8f572adc5e759ca8b8af861d441"]}'
LOOKUPS = [("/architectures/lookup", LOOKUP, "LookupRequest")]


def resident(running: Running) -> float:
    status = Path(f"/proc/{running.processes['api'].pid}/status").read_text()
    (kilobytes,) = re.findall(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(kilobytes) / 1024


@pytest.fixture(scope="module", autouse=True)
def _flat_and_quiet(running: Running) -> Iterator[None]:
    """Around the whole module: memory before and after, and no traceback in the log."""
    with httpx2.Client(base_url=running.address, timeout=60.0) as http:
        assert http.post("/score", json=json.loads(GOOD)).status_code == 202
        assert http.post("/architectures/lookup", json=json.loads(LOOKUP)).status_code == 200
        before = resident(running)
        yield
        assert http.get("/healthz").status_code == 200
    assert resident(running) - before < GROWTH_MB
    assert "Traceback" not in running.log("api")


def problem(answer: raw.Answer, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body[:500]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.body)
    assert body["status"] == status
    assert body["type"].startswith("urn:nascore:problem:")
    assert len(answer.body) < 100_000
    return body


def refused(answer: raw.Answer, status: int, field: str, said: str) -> None:
    errors = problem(answer, status)["errors"]
    assert field in [fault["field"] for fault in errors], errors
    assert said in json.dumps(errors), errors


# What stands in a body

NOT_JSON: dict[str, tuple[bytes | Callable[[], bytes], int, str, str]] = {
    "empty": (b"", 422, "body", "required"),
    "blanks": (b" " * 1_000, 422, "body", "one JSON object"),
    "half": (b'{"bench": "nb201"', 422, "body", "character 17"),
    "two": (GOOD + GOOD, 422, "body", "Extra data"),
    "a list": (b"[1, 2]", 422, "body", ""),
    "a string": (b'"nb201"', 422, "body", ""),
    "null": (b"null", 422, "body", ""),
    "a number": (b"1e3", 422, "body", ""),
    "30,000 open lists": (b"[" * 30_000, 422, "body", "nested too deep"),
    "30,000 lists": (b"[" * 30_000 + b"]" * 30_000, 422, "body", "nested too deep"),
    "30,000 objects": (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, 422, "body", "nested too deep"),
    "900 lists": (b'{"ops":' + b"[" * 900 + b"]" * 900 + b"}", 422, "bench", "required"),
    "5,000 digits": (b'{"seed": ' + b"1" * 5_000 + b"}", 422, "body", "thousands of digits"),
    "4,000 digits": (b'{"seed": ' + b"1" * 4_000 + b"}", 422, "seed", ""),
    "4,000 decimals": (b'{"seed": 1.' + b"1" * 4_000 + b"}", 422, "seed", ""),
    "NaN": (b'{"seed": NaN}', 422, "seed", "not finite"),
    "Infinity": (b'{"seed": Infinity}', 422, "seed", "not finite"),
    "-Infinity": (b'{"a": [0, {"b": -Infinity}]}', 422, "a/1/b", "not finite"),
    "1e400": (b'{"seed": 1e400}', 422, "seed", "not finite"),
    "digits to infinity": (b"[" + b"9" * 400 + b".0]", 422, "0", "not finite"),
    "bad UTF-8": (b'{"bench": "\xff"}', 422, "body", "no UTF-8 from byte 11 on"),
    "Latin-1": ('{"bench": "né"}'.encode("latin-1"), 422, "body", "no UTF-8"),
    "UTF-16": (GOOD.decode().encode("utf-16"), 422, "body", "no UTF-8"),
    "UTF-16 without a mark": (GOOD.decode().encode("utf-16-le"), 422, "body", ""),
    "UTF-32": (GOOD.decode().encode("utf-32"), 422, "body", "no UTF-8"),
    "a surrogate in UTF-8": (b'{"bench": "\xed\xa0\x80"}', 422, "body", "no UTF-8"),
    "a NUL byte": (b'{"bench": "nb\x00201"}', 422, "body", "control character"),
    "an escaped NUL": (rb'{"bench": "nb\u0000201"}', 422, "bench", "NUL"),
    "a NUL in a name": (rb'{"be\u0000nch": "nb201"}', 422, "body", "NUL"),
    "half a pair": (rb'{"proxies": ["\ud800"]}', 422, "proxies/0", "surrogate"),
    "the other half": (rb'{"arch": "\udc00 \ud83d\ude00"}', 422, "arch", "surrogate"),
    "half a pair in a name": (rb'{"\ud800": 1}', 422, "body", "surrogate"),
    "twice": (b'{"bench": "nb201", "bench": "nb101"}', 422, "bench", "there twice"),
    "twice below": (b'{"architecture": {"ops": 1, "ops": 2}}', 422, "ops", "there twice"),
    "many objects": (lambda: b"[" + b"{}," * 2_700_000 + b"{}]", 413, "body", "too many {"),
    "many lists": (lambda: b"[" + b"[]," * 2_700_000 + b"[]]", 413, "body", "too many ["),
    "many names": (lambda: b"{" + b'"a":1,' * 1_000_000 + b'"b":1}', 413, "body", "too many :"),
    "many strings": (lambda: b"[" + b'"ab",' * 1_600_000 + b"1]", 413, "body", "too many"),
    "many numbers": (lambda: b"[" + b"1.5," * 2_000_000 + b"1]", 422, "body", ""),
    "many numbers and a NUL": (
        lambda: b"[" + b"999," * 2_000_000 + rb'"\u0000"]',
        422,
        "2000000",
        "NUL",
    ),
    "a long text": (lambda: b'"' + b"a" * (BODY_LIMIT - 2) + b'"', 422, "body", ""),
    "a long, wide text": (
        lambda: ('"\U0001f600' + "a" * (BODY_LIMIT - 6) + '"').encode(),
        422,
        "body",
        "",
    ),
    "a long, torn text": (
        lambda: rb'"\ud800' + b"a" * (BODY_LIMIT - 8) + b'"',
        422,
        "body",
        "half",
    ),
    "a long name": (lambda: b'{"' + b"a" * (BODY_LIMIT - 8) + b'": 1}', 422, "a" * 200, ""),
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_no_request(running: Running, name: str) -> None:
    body, status, field, said = NOT_JSON[name]
    body = body() if callable(body) else body
    refused(raw.exchange(running.port, raw.posted("/score", body)), status, field, said)
    packed = raw.posted("/score", gzip.compress(body, 1), Content_Encoding="gzip")
    refused(raw.exchange(running.port, packed), status, field, said)


TEXTS = {
    "long": "a" * (BODY_LIMIT - 1_000),
    "lines": "nb201\n",
    "controls": "\t\r\n\x1b[31m\x7f",
    "backwards": "\u202enb201\u2066",
    "not a character": "\uffff\ufdd0\U0010ffff",
    "SQL": "nb201'; DROP TABLE scores; --",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_strange_text_in_any_field(running: Running, http: httpx2.Client, text: str) -> None:
    schemas = http.get("/openapi.json").json()["components"]["schemas"]
    for path, example, schema in (("/score", GOOD, "ScoreRequest"), *LOOKUPS):
        for field in [*schemas[schema]["properties"], "unknown"]:
            asked = json.loads(example)
            if field in ("ops", "matrix", "architecture", "architectures"):
                del asked["arch"]
            for value in (TEXTS[text], [TEXTS[text]], {TEXTS[text]: 1}):
                body = json.dumps({**asked, field: value}).encode()
                answer = raw.exchange(running.port, raw.posted(path, body))
                errors = problem(answer, 422)["errors"]
                assert any(fault["field"].startswith(field[:4]) for fault in errors), errors


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/octet-stream",
        "json",
        "; charset=utf-8",
        "a" * 10_000,
        "",
        None,
    ],
)
def test_a_body_of_another_type(running: Running, kind: str | None) -> None:
    pieces = raw.posted("/score", GOOD, Content_Type=kind)
    if kind is None:
        pieces = [raw.head("POST /score", Content_Length=len(GOOD)), GOOD]
    answer = raw.exchange(running.port, pieces)
    refused(answer, 415, "Content-Type", "application/json")
    assert answer.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "Application/JSON", "application/vnd.nascore+json"],
)
def test_json_by_its_other_names(running: Running, kind: str) -> None:
    answer = raw.exchange(running.port, raw.posted("/score", GOOD, Content_Type=kind))
    assert answer.status == 202


def test_every_call_with_a_body_is_strict(running: Running, http: httpx2.Client) -> None:
    found = 0
    for path, methods in http.get("/openapi.json").json()["paths"].items():
        for method, call in methods.items():
            if "requestBody" in call:
                found += 1
                lines = [raw.head(f"{method.upper()} {path}", Content_Length=2), b"{}"]
                refused(raw.exchange(running.port, lines), 415, "Content-Type", "json")
                twice = b'{"a": 1, "a": 1}'
                given = {"Content_Type": "application/json", "Content_Length": len(twice)}
                lines = [raw.head(f"{method.upper()} {path}", **given), twice]
                refused(raw.exchange(running.port, lines), 422, "a", "twice")
    assert found >= 2


# How long it is, and how coded


def test_a_body_too_long_is_not_waited_for(running: Running) -> None:
    given = {"Content_Type": "application/json", "Content_Length": 100 * MB}
    answer = raw.exchange(running.port, [raw.head("POST /score", Expect="100-continue", **given)])
    refused(answer, 413, "body", str(BODY_LIMIT))
    lines = [raw.head("POST /score", **given), *([b" " * MB] * 100)]
    refused(raw.exchange(running.port, lines), 413, "body", str(BODY_LIMIT))


def test_a_body_too_long_of_unknown_length(running: Running) -> None:
    answer = raw.exchange(running.port, raw.chunked("/score", [b" " * MB] * 100))
    refused(answer, 413, "body", str(BODY_LIMIT))


@pytest.mark.parametrize("path", ["/score", "/architectures/lookup"])
def test_a_bomb_stops_at_the_limit(running: Running, path: str) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(b" " * MB) for _ in range(300)), packer.flush()])
    assert len(bomb) < MB
    answer = raw.exchange(running.port, raw.posted(path, bomb, Content_Encoding="gzip"))
    refused(answer, 413, "body", str(BODY_LIMIT))


def test_a_file_of_ever_more_empty_members(running: Running) -> None:
    pieces = [gzip.compress(b"") * 10_000] * 100
    answer = raw.exchange(running.port, raw.chunked("/score", pieces, Content_Encoding="gzip"))
    refused(answer, 413, "body", str(BODY_LIMIT))


def test_a_packed_body_in_any_pieces(running: Running, http: httpx2.Client) -> None:
    plain = http.post("/score", content=GOOD, headers=JSON).json()["results"]
    halves = gzip.compress(GOOD[:20]) + gzip.compress(GOOD[20:])
    for packed in (gzip.compress(GOOD), halves):
        for coding in ("gzip", "GZip", "x-gzip"):
            given = {"Content_Encoding": coding}
            for lines in (
                raw.posted("/score", packed, **given),
                raw.chunked("/score", [packed[i : i + 1] for i in range(len(packed))], **given),
            ):
                answer = raw.exchange(running.port, lines)
                assert answer.status == 202
                assert json.loads(answer.body)["results"] == plain
    (lookup,) = http.post(
        "/architectures/lookup",
        content=gzip.compress(LOOKUP),
        headers={**JSON, "Content-Encoding": "gzip"},
    ).json()["architectures"]
    assert lookup["hash"] in LOOKUP.decode()


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(GOOD)[:-1],
        gzip.compress(GOOD)[:10],
        gzip.compress(GOOD)[:-8] + b"\0" * 8,
        gzip.compress(GOOD) + b"more",
        gzip.compress(GOOD) + b"\0\0\0\0",
        GOOD,
        zlib.compress(GOOD),
        b"\x1f",
        b"\x1f\x8b" + b"\xff" * 1_000,
    ],
    ids=["cut", "head", "checksum", "more", "padded", "plain", "zlib", "a byte", "flags"],
)
def test_what_is_no_gzip(running: Running, body: bytes) -> None:
    answer = raw.exchange(running.port, raw.posted("/score", body, Content_Encoding="gzip"))
    refused(answer, 400, "body", "gzip")


@pytest.mark.parametrize(
    "coding",
    ["deflate", "br", "zstd", "gzip, gzip", "gzip,", "identity, br", "\xff", "x" * 5_000],
)
def test_an_unknown_coding(running: Running, coding: str) -> None:
    answer = raw.exchange(running.port, raw.posted("/score", GOOD, Content_Encoding=coding))
    refused(answer, 415, "Content-Encoding", "gzip")
    assert answer.headers["Accept-Encoding"] == "gzip"


# Addresses, methods, headers

NOBODY = "00000000-0000-0000-0000-000000000000"
NOTHING = "0" * 32

ADDRESSES = [
    ("//", 404),
    ("/rank/", 404),
    ("/nowhere", 404),
    ("/nowhere?" + "a" * 10_000, 404),
    ("/" + "a" * 30_000, 404),
    ("/" + "%00" * 1_000, 404),
    ("/%", 404),
    ("/%zz%ff%c0%af", 404),
    ("/../../etc/passwd", 404),
    ("/assets/../app.py", 404),
    ("/assets/%2e%2e/%2e%2e/app.py", 404),
    ("/assets/%00", 404),
    ("/assets/" + "a" * 5_000, 404),
    ("http://elsewhere/rank", 404),
    ("/jobs/7", 422),
    ("/jobs/-1", 422),
    ("/jobs/" + "9" * 5_000, 422),
    (f"/jobs/{NOBODY}", 404),
    (f"/jobs/{NOBODY}0", 422),
    (f"/jobs/{NOBODY[:-1]}%00", 422),
    (f"/jobs/{NOBODY[:-1]}%ff", 422),
    (f"/jobs/{NOBODY}/events", 404),
    (f"/jobs/{NOBODY}/results?limit=0", 422),
    (f"/jobs/{NOBODY}/results?limit=-1", 422),
    (f"/jobs/{NOBODY}/results?limit={'9' * 5_000}", 422),
    (f"/jobs/{NOBODY}/results?limit=1e3", 422),
    (f"/jobs/{NOBODY}/results?limit={2**80}", 404),
    (f"/jobs/{NOBODY}/results?cursor=-1", 422),
    (f"/jobs/{NOBODY}/results?cursor={'9' * 30}", 422),
    (f"/architectures/nb201/{NOTHING}", 404),
    (f"/architectures/nb201/{NOTHING}0", 422),
    (f"/architectures/nb201/{NOTHING[:-1]}%0A", 422),
    (f"/architectures/nb201/{NOTHING[:-1]}%00", 422),
    (f"/architectures/nb201%00/{NOTHING}", 422),
    (f"/architectures/{'n' * 10_000}/{NOTHING}", 422),
    (f"/architectures/nb201/{NOTHING}/neighbours?seed=-1", 422),
    (f"/architectures/nb201/{NOTHING}/neighbours?seed={2**31}", 422),
    ("/benches/nb201/sample?n=-1", 422),
    ("/benches/nb201/sample?n=10001", 422),
    (f"/benches/nb201/sample?n={'9' * 5_000}", 422),
    ("/benches/nb201/sample?seed=%EF%BC%91", 422),
    ("/rank", 422),
    ("/rank?bench=nb201%00", 422),
    ("/rank?bench=%ff", 422),
    ("/rank?bench=" + "n" * 30_000, 422),
    ("/rank?bench=nb201&bench=nb9", 422),
    ("/rank?bench=nb201&limit=" + "9" * 5_000, 422),
    ("/rank?bench=nb201&cursor=" + "A" * 30_000, 422),
    ("/rank?bench=nb201&cursor=%00", 422),
    ("/rank?bench=nb201&protocol=%F0%9F%98%80", 422),
    ("/rank?bench=nb201&dataset=no.such-set", 422),
    ("/rank?" + "&".join(f"a{i}=1" for i in range(5_000)), 422),
]


@pytest.mark.parametrize(("address", "status"), ADDRESSES, ids=lambda value: str(value)[:40])
def test_an_address_that_leads_nowhere(running: Running, address: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        answer = raw.exchange(running.port, [raw.head(f"{method} {address}")], method)
        if method == "GET":
            problem(answer, status)
        else:
            expected = 405 if "/events" in address else status
            assert (answer.status, answer.body) == (expected, b"")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/score", "OPTIONS, POST"),
        ("HEAD", "/score", "OPTIONS, POST"),
        ("DELETE", "/rank", "GET, HEAD, OPTIONS"),
        ("PUT", f"/jobs/{NOBODY}", "DELETE, GET, HEAD, OPTIONS"),
        ("HEAD", f"/jobs/{NOBODY}/events", "GET, OPTIONS"),
        ("PUT", "/architectures/lookup", "OPTIONS, POST"),
        ("POST", f"/architectures/nb201/{NOTHING}", "GET, HEAD, OPTIONS"),
        ("TRACE", "/healthz", "GET, HEAD, OPTIONS"),
        ("PATCH", "/openapi.json", "GET, HEAD, OPTIONS"),
        ("POST", "/assets/swagger-ui.css", "GET, HEAD, OPTIONS"),
        ("BREW", "/docs", "GET, HEAD, OPTIONS"),
        ("A" * 1_000, "/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_has_not(running: Running, method: str, path: str, allow: str) -> None:
    answer = raw.exchange(running.port, [raw.head(f"{method} {path}")], method)
    assert answer.headers["Allow"] == allow
    if method != "HEAD":
        refused(answer, 405, "method", allow)
    options = raw.exchange(running.port, [raw.head(f"OPTIONS {path}")], "OPTIONS")
    assert (options.status, options.headers["Allow"], options.body) == (204, allow, b"")


def test_options_of_nothing(running: Running) -> None:
    for target in ("/nowhere", "*"):
        problem(raw.exchange(running.port, [raw.head(f"OPTIONS {target}")], "OPTIONS"), 404)


def test_head_is_get_without_a_body(running: Running) -> None:
    for path in ("/healthz", "/benches", "/rank?bench=nb201", "/docs", "/openapi.json"):
        head = raw.exchange(running.port, [raw.head(f"HEAD {path}")], "HEAD")
        get = raw.exchange(running.port, [raw.head(f"GET {path}")], "GET")
        assert (head.status, head.body) == (get.status, b"")
        differs = {"date", "x-request-id"}
        seen = [
            {name.lower(): value for name, value in answer.headers.items()}
            for answer in (head, get)
        ]
        assert {n: v for n, v in seen[0].items() if n not in differs} == {
            n: v for n, v in seen[1].items() if n not in differs
        }


@pytest.mark.parametrize(
    "prefer",
    ["wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "respond-async", "wait=٣", "x" * 10_000],
)
def test_a_preference_that_means_nothing_is_ignored(running: Running, prefer: str) -> None:
    given = prefer.encode().decode("latin-1")
    answer = raw.exchange(running.port, raw.posted("/score", GOOD, Prefer=given))
    assert answer.status == 202
    assert answer.headers["Preference-Applied"] is None


@pytest.mark.parametrize("name", ["X-Request-ID", "Accept", "Accept-Encoding", "If-None-Match"])
@pytest.mark.parametrize("value", ["", "\xff\xfe", ",;=" * 3_000, "a" * 30_000, '"' * 99])
def test_a_strange_header_changes_nothing(running: Running, name: str, value: str) -> None:
    answer = raw.exchange(running.port, [raw.head("GET /rank?bench=nb201", **{name: value})], "GET")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"


# What is no HTTP


@pytest.mark.parametrize(
    "sent",
    [
        b"\0" * 1_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /r\xc3\xa4nk HTTP/1.1\r\nHost: nascore\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: nascore\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: nascore\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: nascore\r\nContent-Length: -1\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: nascore\r\nContent-Length: " + b"9" * 99 + b"\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /score HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_is_no_http(running: Running, sent: bytes) -> None:
    problem(raw.exchange(running.port, [sent]), 400)


def test_a_chunk_without_a_length(running: Running) -> None:
    given = {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}
    lines = [raw.head("POST /score", **given), b"5\r\n{    \r\nno length\r\n"]
    problem(raw.exchange(running.port, lines), 400)


def test_a_client_that_goes_away_from_a_long_answer(running: Running) -> None:
    asked = [reading.asked for reading in BENCHES["nb201"].sample(3_000, 0)]
    body = json.dumps({"bench": "nb201", "architectures": asked}).encode()
    for coding in ("gzip", "identity"):
        with socket.create_connection(("127.0.0.1", running.port), raw.ANSWER_S) as connection:
            connection.sendall(b"".join(raw.posted("/score", body, Accept_Encoding=coding)))
            assert connection.recv(12) == b"HTTP/1.1 202"


def test_a_client_that_goes_away(running: Running, http: httpx2.Client) -> None:
    for kind in ({}, {"Content_Encoding": "gzip"}):
        lines = raw.posted("/score", b'{"bench"', **{"Content_Length": 1_000, **kind})
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.sendall(b"".join(lines))
    assert http.get("/healthz").status_code == 200
