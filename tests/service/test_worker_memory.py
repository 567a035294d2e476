"""A worker short of memory: what does not fit is refused, what fails is tried again alone."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.service.running import Running, ask

LIGHT = "|none~0|+|none~0|none~1|+|{}~0|none~1|none~2|"
HEAVY = "|{0}~0|+|{0}~0|{0}~1|+|{0}~0|{0}~1|{0}~2|".format("nor_conv_3x3")
MIB = 2**20
BETWEEN_BYTES = 400 * MIB
"""Under `full` the light cells take a quarter of it and the heavy one twice as much."""


def _asked(http: httpx2.Client, seed: int) -> list[dict[str, Any]]:
    cells = [LIGHT.format("nor_conv_1x1"), HEAVY, LIGHT.format("skip_connect")]
    body = {
        "bench": "nb201",
        "protocol": "full",
        "seed": seed,
        "proxies": ["grasp"],
        "architectures": [{"arch": cell} for cell in cells],
    }
    answer = ask(http, body, wait=120)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.fixture(autouse=True)
def _no_workers_left(running: Running) -> Iterator[None]:
    yield
    running.end_workers()


def test_what_needs_too_much_is_refused_with_its_numbers(
    http: httpx2.Client, running: Running
) -> None:
    running.start_worker("limited", NASCORE_WORKER_MEMORY_BYTES=str(BETWEEN_BYTES))
    first, heavy, last = _asked(http, seed=0)
    assert heavy["state"] == "failed"
    assert heavy["error"]["type"] == "too-large"
    assert heavy["error"]["detail"].startswith("needs 0.")
    assert "this worker may use 0.419 GB" in heavy["error"]["detail"]
    assert [first["state"], last["state"]] == ["done", "done"]
    assert len(running.lines("limited", "evaluated")) == 2


def test_what_runs_out_of_memory_is_tried_again_and_hurts_nobody(
    http: httpx2.Client, running: Running
) -> None:
    process = running.start_worker("short", cold=True, NASCORE_WORKER_MEMORY_BYTES=str(2**40))
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (held,) = (int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize"))
    most = held + BETWEEN_BYTES
    resource.prlimit(process.pid, resource.RLIMIT_AS, (most, most))
    first, heavy, last = _asked(http, seed=1)
    assert heavy["state"] == "failed", heavy
    assert heavy["error"]["type"] == "out-of-memory"
    assert "memory" in heavy["error"]["detail"]
    assert [first["state"], last["state"]] == ["done", "done"]
    (again,) = running.lines("short", "out of memory, trying again")
    assert again["architecture"] == heavy["hash"]
    assert process.poll() is None


IN_THE_WAY = """
import gc, resource, sys
import torch
from service.workers.environment import keep_freed_memory
from service.workers.memory import trying_again

keep_freed_memory()
gc.disable()
size = 300 * 2**20

class Ring:
    def __init__(self):
        self.ring, self.tensor = self, torch.ones(size, dtype=torch.uint8)

Ring()
(held,) = (int(line.split()[1]) * 1024 for line in open("/proc/self/status") if "VmSize" in line)
resource.setrlimit(resource.RLIMIT_AS, (held + size // 3, held + size // 3))
noted = []
wanted = size - 2**20
found = trying_again(lambda: torch.ones(wanted, dtype=torch.uint8), "cpu", noted.append)
assert len(found) == wanted
assert len(noted) == 1, noted
print(noted[0])
"""


def test_what_is_freed_makes_room_for_a_second_try() -> None:
    """A tensor that only the collector can free stands in the way."""
    done = subprocess.run(
        [sys.executable, "-c", IN_THE_WAY], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "memory" in done.stdout
