"""Every curl that README and docs print, and every program of clients, is run as it stands."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.service.running import Running

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/accuracies.md",
    "docs/benches.md",
    "docs/http.md",
    "docs/search_loops.md",
)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

OF_CLIENTS = ("docs/clients.md", "docs/search_loops.md")
ADDRESS = "http://127.0.0.1:8000"
SHELL = ["/bin/bash", "-euo", "pipefail", "-c"]
RUN = {
    "python": [sys.executable, "-W", "error", "-c"],
    "js": ["node", "--input-type=module", "--eval"],
}
HASH = re.compile(r"\b[0-9a-f]{32}\b")


def blocks(page: str, language: str) -> list[str]:
    fenced = rf"^```{language}\n(.*?)^```"
    return re.findall(fenced, (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


CURLS = [(page, block) for page in PAGES for block in blocks(page, "bash")]
PROGRAMS = [(name, block) for page in OF_CLIENTS for name in RUN for block in blocks(page, name)]


def run(script: str, server: str) -> str:
    done = subprocess.run(
        [*SHELL, script],
        env={"PATH": os.environ["PATH"], "NASCORE": server},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Before there is a worker: what is asked for stays queued.

SENT = 3
"""How often a loop has sent a proposal when it is ended: a second apart."""


@pytest.mark.parametrize("language", ["bash", "js"])
def test_a_loop_that_waits_makes_one_job(running: Running, language: str) -> None:
    command = SHELL if language == "bash" else RUN[language]
    for needed in ("curl", "jq") if language == "bash" else ("node",):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    (block,) = blocks("docs/search_loops.md", language)
    program = re.sub(r"wait=\d+", "wait=0", block).replace(ADDRESS, running.address)
    jobs, sent = running.count("jobs"), proposals(running)
    process = subprocess.Popen(
        [*command, program],
        env={**os.environ, "NASCORE": running.address},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while proposals(running) < sent + SENT:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        # The shell's loop is in a process of its own.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert running.count("jobs") == jobs + 1


def proposals(service: Running) -> int:
    return sum(line["path"] == "/propose" for line in service.lines("api", "request"))


@pytest.fixture(scope="module")
def names(worker: Running) -> str:
    """HASH and JOB as the page sets them, at this service."""
    page = (ROOT / "docs/http.md").read_text()
    (block,) = re.findall(r"^```sh\nNASCORE=\S+\n(HASH=.*?)^```", page, re.DOTALL | re.MULTILINE)
    return run(f'{block}\necho "HASH=$HASH JOB=$JOB;"', worker.address)


def test_there_are_some() -> None:
    assert len(CURLS) > 10


@needs_curl
@pytest.mark.parametrize(("page", "block"), CURLS)
def test_a_printed_curl_works(worker: Running, names: str, page: str, block: str) -> None:
    if re.search(r"\bjq\b", block) and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    answer = run(names + block, worker.address)
    assert answer
    # One of them shows a refusal: that of an operation which the bench does not have.
    assert ("urn:nascore:problem:" in answer) == ('"conv3x3"' in block), answer


@pytest.fixture(scope="module")
def outputs(worker: Running) -> dict[str, str]:
    """What programs have printed, by their text: each runs once."""
    return {}


def output(language: str, program: str, server: str, outputs: dict[str, str]) -> str:
    if shutil.which(RUN[language][0]) is None:
        pytest.skip(f"{RUN[language][0]} is not installed")
    if program not in outputs:
        assert ADDRESS in program
        done = subprocess.run(
            [*RUN[language], program.replace(ADDRESS, server)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        outputs[program] = done.stdout
    return outputs[program]


@pytest.mark.parametrize(("language", "program"), PROGRAMS)
def test_a_printed_program_works(
    worker: Running, outputs: dict[str, str], language: str, program: str
) -> None:
    assert HASH.search(output(language, program, worker.address, outputs))


def test_the_loops_of_both_languages_find_the_same(
    worker: Running, outputs: dict[str, str]
) -> None:
    found = []
    for language in RUN:
        (loop,) = blocks("docs/search_loops.md", language)
        found.append(HASH.findall(output(language, loop, worker.address, outputs)))
    assert len(found[0]) == 9
    assert found[0] == found[1]
