"""What a newcomer runs first."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_scores_and_ranks_both_benches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.demo"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for bench, ensemble in (("nb101", "az3"), ("nb201", "e5")):
        assert f"GET /rank?bench={bench}: the first 5 of" in done.stdout
        assert f"larger {ensemble} first" in done.stdout
