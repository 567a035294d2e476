"""Tables that are large, slow, broken off or many: nobody else notices."""

import gzip
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from service.benches import BENCHES
from tests.service import interpreters, raw
from tests.service.raw import ANSWER_S
from tests.service.running import Running
from tests.service.test_accuracies import CSV, SAID, TO, cells, put, stored, table
from tests.service.test_refusals import problem

ARCH = BENCHES["nb201"].example["arch"]


def count(running: Running) -> tuple[int, int]:
    return running.count("series"), running.count("series_values")


def test_what_packs_well_is_read_whole(http: httpx2.Client, running: Running) -> None:
    """Megabytes in a few kilobytes, decoded piece by piece, members of gzip one after another."""
    lines = [f"{ARCH},{seed / 512},{seed}\n" for seed in range(30_000)]
    text = ("arch,value,seed\n" + "".join(lines)).encode()
    halves = gzip.compress(text[:1_000_001], 9) + gzip.compress(text[1_000_001:], 9)
    assert len(text) > 10 * len(halves)
    headers = {**CSV, "Content-Encoding": "gzip"}
    answer = http.put(
        "/accuracies", params={**SAID, "name": "packed"}, content=halves, headers=headers
    )
    assert (answer.json()["rows"], answer.json()["added"]) == (30_000, 30_000)
    (value,) = stored(running, "nb201", "packed").values()
    assert value == sum(range(30_000)) / 512 / 30_000


@pytest.mark.parametrize("zeros", [2**16, 2**17 - 1, 2**17, 2**17 + 1, 2**20])
def test_the_last_piece_of_a_packed_body_is_there(http: httpx2.Client, zeros: int) -> None:
    """Bodies that end where a piece is full, or nearly."""
    head = json.dumps(table([{"arch": ARCH, "value": 1}], name="padded"))[:-1]
    text = head + " " * (zeros - len(head) - 1) + "}"
    assert len(text) == zeros
    packed = gzip.compress(text.encode(), 9)
    coded = {**TO, "Content-Encoding": "gzip"}
    assert http.put("/accuracies", content=packed, headers=coded).status_code == 200
    body = problem(http.put("/accuracies", content=packed[:-1], headers=coded), 400)
    assert body["type"] == "urn:nascore:problem:undecodable-body"


def test_who_hangs_up_has_written_nothing(http: httpx2.Client, running: Running) -> None:
    before = count(running)
    rows = [{**each, "value": 1.0} for each in cells("nb201", 3_000, 2)]
    text = json.dumps(table(rows, name="broken off")).encode()

    head = raw.head("PUT /accuracies", Content_Type="application/json", Content_Length=len(text))
    with socket.create_connection(("127.0.0.1", running.port), ANSWER_S) as connection:
        connection.sendall(head + text[:200_000])
    deadline = time.monotonic() + ANSWER_S
    while not any(
        (line["method"], line["status"]) == ("PUT", 422) for line in running.lines("api", "request")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert count(running) == before
    assert "Traceback" not in running.log("api")


def test_slow_tables_hold_no_connection_of_the_database(running: Running) -> None:
    """More tables half way than the pool has connections: others are answered, and so are they."""
    running.end("api")
    running.environment["NASCORE_DATABASE_POOL"] = "1"
    running.start_api()
    rows = [{**each, "value": 1.0} for each in cells("nb201", 50, 3)]
    try:
        with httpx2.Client(base_url=running.address, timeout=120.0) as http:
            sent = 0

            def slowly(number: int) -> Iterator[bytes]:
                nonlocal sent
                text = json.dumps(table(rows, name=f"slow-{number}")).encode()
                yield text[:2_000]
                sent += 1
                while not done:
                    time.sleep(0.02)
                yield text[2_000:]

            done = False
            with ThreadPoolExecutor(4) as others:
                asked = [
                    others.submit(http.put, "/accuracies", content=slowly(n), headers=TO)
                    for n in range(4)
                ]
                while sent < 4:
                    time.sleep(0.02)
                listed = http.get("/accuracies?bench=nb201")
                done = True
                answers = [each.result().json() for each in asked]
            assert listed.status_code == 200
            assert [answer["added"] for answer in answers] == [len(rows)] * 4
    finally:
        running.end("api")
        del running.environment["NASCORE_DATABASE_POOL"]
        running.start_api()


def test_tables_that_stop_coming_are_ended_and_only_so_many_are_read(running: Running) -> None:
    running.end("api")
    short = {"NASCORE_ACCURACIES_PIECE_SECONDS": "2", "NASCORE_ACCURACIES_AT_ONCE": "2"}
    running.environment.update(short)
    running.start_api()
    try:
        body = json.dumps(table([{"arch": ARCH, "value": 1}], name="after")).encode()
        begun = raw.head("PUT /accuracies", Content_Type="application/json", Content_Length=10_000)
        with ThreadPoolExecutor(4) as others:
            asked = [
                others.submit(raw.exchange, running.port, [begun, body[:50]], "PUT")
                for _ in range(4)
            ]
            answers = [each.result() for each in asked]
        assert sorted(answer.status for answer in answers) == [408, 408, 503, 503]
        for answer in answers:
            slug = "too-slow" if answer.status == 408 else "tables-busy"
            assert json.loads(answer.body)["type"] == f"urn:nascore:problem:{slug}"
            assert (answer.headers["Retry-After"] is None) == (answer.status == 408)
        with httpx2.Client(base_url=running.address, timeout=60.0) as http:
            answer = http.put("/accuracies", content=body, headers=TO)
            assert answer.status_code == 200, answer.text
    finally:
        running.end("api")
        for name in short:
            del running.environment[name]
        running.start_api()


def test_two_who_write_one_series_at_once(http: httpx2.Client, running: Running) -> None:
    spellings = cells("nb201", 2_000, 4)
    tables = [
        table([{**each, "value": value} for each in spellings], name="contested")
        for value in (1.0, 2.0)
    ]
    with ThreadPoolExecutor(2) as both:
        answers = [answer.json() for answer in both.map(lambda body: put(http, body), tables)]
    found = stored(running, "nb201", "contested")
    assert len(set(found.values())) == 1
    assert sum(answer["added"] for answer in answers) == len(found)
    assert sum(answer["changed"] for answer in answers) == len(found)


def nascore(running: Running, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return interpreters.run("accuracies", *command, **running.environment)


def test_any_table_can_be_imported(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(f"cell,top1\n{ARCH},91.5\n")
    said = ["--bench", "nb201", "--dataset", "cifar10", "--split", "test", "--epochs", "50"]
    refused = nascore(running, "import", file)
    assert refused.returncode == 1
    assert "--bench" in refused.stderr
    said += ["--source", "our cluster"]
    refused = nascore(running, "import", file, *said)
    assert refused.returncode == 1
    assert "'cell' is not a column" in refused.stderr
    columns = ["--column", "arch=cell", "--column", "value=top1"]
    done = nascore(running, "import", file, *said, *columns)
    assert done.returncode == 0, done.stderr
    assert "cifar10-test-50ep: 1 values, 1 new, 0 changed." in done.stdout
    listed = nascore(running, "list", "--bench", "nb201")
    assert "cifar10-test-50ep" in listed.stdout
    assert "our cluster" in listed.stdout
    packed = tmp_path / "bad.csv.gz"
    packed.write_bytes(gzip.compress(f"arch,value\n{ARCH},1\n,2\n{ARCH},3\n".encode()))
    refused = nascore(running, "import", packed, *said, "--name", "bad")
    assert refused.returncode == 1
    assert "2 of 3 rows are bad; nothing was written" in refused.stderr
    assert "row 1, arch" in refused.stderr
    empty = tmp_path / "empty.csv"
    empty.write_text(f"arch,value\n{ARCH},\n")
    refused = nascore(running, "import", empty, *said, "--name", "empty")
    assert refused.returncode == 1
    assert "no row with a value; nothing was written" in refused.stderr
    other = nascore(running, "import", file, *said[:-1], "others", *columns)
    assert other.returncode == 1
    assert "its source is our cluster" in other.stderr
    assert "Nothing was written" in other.stderr
    for absent in (tmp_path / "nowhere.csv", tmp_path):
        refused = nascore(running, "import", absent, *said)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
