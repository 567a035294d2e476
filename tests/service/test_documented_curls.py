"""Every curl that README and docs print is run as it stands."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.service.running import Running

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/accuracies.md", "docs/http.md", "docs/search_loops.md")

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


CURLS = [(page, block) for page in PAGES for block in blocks(page)]


def run(script: str, server: str) -> str:
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        env={"PATH": os.environ["PATH"], "NASCORE": server},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def names(worker: Running) -> str:
    """HASH and JOB as the page sets them, at this service."""
    page = (ROOT / "docs/http.md").read_text()
    (block,) = re.findall(r"^```sh\nNASCORE=\S+\n(HASH=.*?)^```", page, re.DOTALL | re.MULTILINE)
    return run(f'{block}\necho "HASH=$HASH JOB=$JOB;"', worker.address)


def test_there_are_some() -> None:
    assert len(CURLS) > 10


@pytest.mark.parametrize(("page", "block"), CURLS)
def test_a_printed_curl_works(worker: Running, names: str, page: str, block: str) -> None:
    if re.search(r"\bjq\b", block) and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    answer = run(names + block, worker.address)
    assert answer
    # One of them shows a refusal: that of an operation which the bench does not have.
    assert ("urn:nascore:problem:" in answer) == ('"conv3x3"' in block), answer
