"""Every Python program that the page of the clients prints is run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.running import Running

ROOT = Path(__file__).parents[2]
PAGES = ("docs/clients.md",)
ADDRESS = "http://127.0.0.1:8000"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


PROGRAMS = [(page, block) for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize(("page", "program"), PROGRAMS)
def test_a_printed_program_works(worker: Running, page: str, program: str) -> None:
    assert ADDRESS in program
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.replace(ADDRESS, worker.address)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
