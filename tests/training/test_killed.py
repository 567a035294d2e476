"""A process killed with SIGKILL, and another that goes on where it was."""

import subprocess
import sys
import time
from pathlib import Path

from service.engine import initial_weights
from service.training.run import train
from tests.training.kept import RECIPE, SPLIT, graph, kept

ROOT = Path(__file__).parents[2]
POLL_S = 0.005

# Importing torch takes seconds on a busy machine; this is for one that is stuck.
PATIENCE_S = 120


def test_another_process_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.program", str(tmp_path)]
    deadline = time.monotonic() + PATIENCE_S
    with subprocess.Popen(command, cwd=ROOT) as first:
        while len(kept(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(POLL_S)
        first.kill()
    before = kept(tmp_path)
    assert len(before) >= 2
    for number in set(before) - {1, 2}:
        # However late the kill came: the second process has most of the run before it.
        (tmp_path / f"{number}.checkpoint").unlink()
    subprocess.run(command, cwd=ROOT, check=True, timeout=PATIENCE_S)
    network = graph()
    run = train(network, initial_weights(network, 0), RECIPE, SPLIT)
    unbroken = {each.number: each.checkpoint.to_bytes() for each in run if each is not None}
    assert kept(tmp_path) == unbroken
    assert all(before[number] == unbroken[number] for number in before)
