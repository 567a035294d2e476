"""The service answers what its OpenAPI document says, whatever is asked of it."""

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from service.benches import BENCHES
from tests.service.running import Running, ask, await_job

RUN_S = 300.0
"""Fifteen seconds on a machine of its own."""

EXAMPLES = "15"
"""For each call, beside those of the document and those that the schema's limits suggest."""

UNCHECKED = "positive_data_acceptance,use_after_free"
"""A schema does not know which names there are, nor that a request says once what to score; and
DELETE cancels a job, which is there to be read after that."""


KNOWN = """
[dictionaries.job]
values = ["{job}"]
[dictionaries.bench]
values = ["nb201"]
[dictionaries.digest]
values = ["{hash}"]
[parameters]
"path.job_id" = {{ dictionary = "job", probability = 0.5 }}
"path.bench" = {{ dictionary = "bench", probability = 0.5 }}
"path.digest" = {{ dictionary = "digest", probability = 0.5 }}
"""
"""Half of what is asked for is there."""


SETTINGS = {"NASCORE_STREAM_SECONDS": "0.2"}
"""Whoever listens to the whole service is soon told to come back."""


@pytest.fixture(scope="module")
def known(worker: Running) -> dict[str, str]:
    """A job that is done, and an architecture of it."""
    with httpx2.Client(base_url=worker.address, timeout=120.0) as http:
        spellings = [reading.asked for reading in BENCHES["nb201"].sample(5, 1)]
        answer = ask(http, {"bench": "nb201", "architectures": spellings}, wait=None).json()
        await_job(http, answer["job"])
    return {"job": answer["job"], "hash": answer["results"][0]["hash"]}


def test_every_answer_is_a_documented_one(
    worker: Running, known: dict[str, str], tmp_path: Path
) -> None:
    """No 5xx; status, type, headers and body as documented; what the schema refuses is refused."""
    (tmp_path / "schemathesis.toml").write_text(KNOWN.format(**known))
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run"),
            f"{worker.address}/openapi.json",
            *("--checks", "all", "--exclude-checks", UNCHECKED),
            *("--max-examples", EXAMPLES, "--generation-deterministic"),
            *("--continue-on-failure", "--no-color", "--warnings", "off"),
            # An answer that waits for a worker takes its time where the machine is busy.
            *("--request-timeout", "60", "--max-response-time", "60"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout, done.stdout
    asked = {(line["method"], line["path"]) for line in worker.lines("api", "request")}
    assert ("DELETE", f"/jobs/{known['job']}") in asked
    assert ("GET", f"/architectures/nb201/{known['hash']}") in asked
    assert "Traceback" not in worker.log("api")
