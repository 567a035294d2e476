"""The workers' own numbers, scraped as Prometheus does."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.service.running import START_S, Running, ask, await_job, free_port

PREFIX = "nascore_worker_"
CELLS = [
    {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", operation, "output"]}
    for operation in ("maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
]
STRINGS = [
    f"|nor_conv_3x3~0|+|none~0|{operation}~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    for operation in ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
]
ASKED: dict[str, list[Any]] = {"nb201": [{"arch": each} for each in STRINGS], "nb101": CELLS}
PROXIES = {"nb201": ["params", "synflow", "nwot"], "nb101": ["synflow"]}
PASSES = {"nb201": {"build", "forward", "synflow"}, "nb101": {"build", "synflow"}}
LABELS = {
    "queued_seconds": {"device", "bench", "priority"},
    "chunk_architectures": {"device", "bench"},
    "pass_seconds": {"device", "bench", "pass"},
    "evaluated": {"device", "bench"},
    "failed": {"device", "bench"},
    "write_seconds": {"device", "bench"},
    "resident_bytes_max": {"device"},
}

Labels = tuple[tuple[str, str], ...]


class Scrape:
    """One answer of a worker's /metrics."""

    def __init__(self, port: int) -> None:
        answer = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30.0).raise_for_status()
        self.families = {
            family.name: family for family in text_string_to_metric_families(answer.text)
        }
        self._values: dict[tuple[str, Labels], float] = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self._values.get((PREFIX + name, tuple(sorted(labels.items()))), 0.0)


def await_scrape(port: int, done: Callable[[Scrape], bool]) -> Scrape:
    """What a worker counts after its answer is written may be a moment behind the answer."""
    deadline = time.monotonic() + START_S
    while not done(scrape := Scrape(port)):
        assert time.monotonic() < deadline, scrape.families
        time.sleep(0.05)
    return scrape


@pytest.fixture(scope="module")
def port(running: Running) -> int:
    """Of a worker that has scored what is `ASKED`."""
    chosen = free_port()
    running.start_worker("worker", "--metrics-port", str(chosen))
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:
        for bench, architectures in ASKED.items():
            body = {"bench": bench, "architectures": architectures, "proxies": PROXIES[bench]}
            answer = ask(http, body)
            assert answer.status_code == 200, answer.text
    return chosen


def test_what_is_asked_is_counted_by_bench(port: int) -> None:
    scrape = await_scrape(
        port,
        lambda now: all(now.value("write_seconds_count", device="cpu", bench=b) for b in ASKED),
    )
    for bench, architectures in ASKED.items():
        count, of_bench = len(architectures), {"device": "cpu", "bench": bench}
        assert scrape.value("evaluated_total", **of_bench) == count
        assert scrape.value("failed_total", **of_bench) == 0
        assert scrape.value("chunk_architectures_sum", **of_bench) == count
        assert 1 <= scrape.value("write_seconds_count", **of_bench) <= count
        assert scrape.value("queued_seconds_count", **of_bench, priority="live") == count
        assert 0 < scrape.value("queued_seconds_sum", **of_bench, priority="live") < 60 * count
        seen = {
            sample.labels["pass"]
            for sample in scrape.families[PREFIX + "pass_seconds"].samples
            if sample.labels["bench"] == bench
        }
        assert seen == PASSES[bench]
        for name in seen:
            labels = {**of_bench, "pass": name}
            assert scrape.value("pass_seconds_count", **labels) == count
            assert scrape.value("pass_seconds_sum", **labels) > 0
    # More than torch alone, less than any machine has.
    assert 2**26 < scrape.value("resident_bytes_max", device="cpu") < 2**40


def test_what_fails_is_counted_apart(running: Running, http: httpx2.Client, port: int) -> None:
    body = {"bench": "nb201", "arch": STRINGS[0], "proxies": ["params"]}
    digest = ask(http, body).json()["results"][0]["hash"]
    before = Scrape(port).value("evaluated_total", device="cpu", bench="nb201")
    with running.session() as session:
        change = text('UPDATE architectures SET spec = \'{"arch": "?"}\' WHERE hash = :hash')
        session.execute(change, {"hash": digest})
    await_job(http, ask(http, {**body, "seed": 7}, wait=None).json()["job"])
    scrape = Scrape(port)
    assert scrape.value("failed_total", device="cpu", bench="nb201") == 1
    assert scrape.value("evaluated_total", device="cpu", bench="nb201") == before


def test_names_labels_and_bounds(port: int) -> None:
    families = Scrape(port).families
    named = {name.removeprefix(PREFIX) for name in families if not name.endswith("_created")}
    assert named == set(LABELS)
    for name, labels in LABELS.items():
        for sample in families[PREFIX + name].samples:
            assert set(sample.labels) - {"le"} == labels, sample
    bounds = {
        float(sample.labels["le"])
        for sample in families[PREFIX + "pass_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert {0.001, 0.1, 60.0} <= bounds


def test_a_taken_port_is_said_and_ends_the_worker(running: Running, port: int) -> None:
    process = running.start("second", "worker", "--metrics-port", str(port))
    assert process.wait(START_S) == 1
    del running.processes["second"]
    said = running.log("second")
    assert f"Cannot serve metrics on 127.0.0.1 port {port}: Address already in use" in said
    assert "--metrics-port" in said
    assert "Traceback" not in said
    assert not running.lines("second", "worker ready")


def test_up_gives_each_worker_a_port(running: Running, tmp_path: Path) -> None:
    first = free_port_pair()
    up = ("up", "--port", str(free_port()), "--device", "cpu", "--device", "cpu")
    data = ("--data-dir", str(tmp_path / "data"))
    process = running.start("up", *up, *data, "--metrics-port", str(first), cold=True)
    deadline = time.monotonic() + 2 * START_S
    while "Ctrl-C" not in running.log("up"):
        assert process.poll() is None, running.log("up")
        assert time.monotonic() < deadline, running.log("up")
        time.sleep(0.1)
    assert f"ports {first} to {first + 1}" in running.log("up")
    for port in (first, first + 1):
        # The service is ready with one worker; the other may still be importing torch.
        while True:
            assert time.monotonic() < deadline, running.log("up")
            try:
                assert Scrape(port).value("resident_bytes_max", device="cpu") > 0
                break
            except httpx2.TransportError:
                time.sleep(0.1)
    assert running.end("up") == 0


def test_up_refuses_ports_that_it_cannot_have(running: Running, port: int, tmp_path: Path) -> None:
    api = free_port()
    data = ("--data-dir", str(tmp_path / "data"), "--device", "cpu", "--port", str(api))
    for name, taken in (("used", port), ("api-port", api)):
        process = running.start(name, "up", *data, "--metrics-port", str(taken), cold=True)
        assert process.wait(START_S) == 1
        del running.processes[name]
        said = running.log(name)
        assert str(taken) in said
        assert "--metrics-port" in said
        assert "Traceback" not in said


def free_port_pair() -> int:
    """The first of two free ports in a row."""
    while True:
        first = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", first + 1))
            except (OSError, OverflowError):
                continue
        return first
