"""The supervisor of the service's own processes."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.local import processes as processes_module
from service.local.processes import Processes

# Beside interpreters that start in 0.1 s each; a loaded machine takes longer.
SOON_S = 20.0

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
FAIL = [sys.executable, "-c", "import sys; sys.exit('no such bench')"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)",
]
ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def events() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def processes(tmp_path: Path, events: list[tuple[str, str]]) -> Iterator[Processes]:
    with Processes(
        tmp_path / "logs", lambda name, text: events.append((name, text)), stop_timeout_s=5
    ) as processes:
        yield processes


def poll_until(processes: Processes, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline, "this should have happened by now"
        processes.poll()
        time.sleep(0.02)


def log_says(processes: Processes, name: str, text: str) -> Callable[[], bool]:
    return lambda: text in processes.log(name).read_text()


def test_dead_process_is_started_again(processes: Processes, events: list[tuple[str, str]]) -> None:
    processes.start("worker", SLEEP, ENVIRONMENT)
    poll_until(processes, log_says(processes, "worker", "up"))
    first = processes.pids["worker"]
    os.kill(first, signal.SIGKILL)
    poll_until(processes, lambda: processes.pids.get("worker", first) != first)
    [(name, text)] = events
    assert name == "worker"
    assert text.startswith("was ended by SIGKILL; starts again in 1 s\n")


def test_backoff_doubles_to_its_limit(
    processes: Processes, events: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes_module, "FIRST_BACKOFF_S", 0.1)
    monkeypatch.setattr(processes_module, "LONGEST_BACKOFF_S", 0.25)
    processes.start("api", FAIL, ENVIRONMENT)
    processes._supervised["api"].backoff_s = 0.1
    poll_until(processes, lambda: len(events) == 4)
    waits = [text.split("starts again in ")[1].split(" s")[0] for _, text in events]
    assert waits == ["0.1", "0.2", "0.25", "0.25"]
    assert "ended with status 1" in events[0][1]
    assert "no such bench" in events[0][1]


def test_backoff_starts_over_after_a_healthy_life(
    processes: Processes, events: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes_module, "HEALTHY_AFTER_S", 0.0)
    processes.start("api", FAIL, ENVIRONMENT)
    processes._supervised["api"].backoff_s = 30.0
    poll_until(processes, lambda: len(events) == 1)
    assert "starts again in 1 s" in events[0][1]


def test_command_that_does_not_exist_is_a_death(
    processes: Processes, events: list[tuple[str, str]]
) -> None:
    processes.start("api", ["/no/such/program"], ENVIRONMENT)
    poll_until(processes, lambda: len(events) == 1)
    assert "status 127" in events[0][1]
    assert "cannot execute /no/such/program" in events[0][1]


def test_stop_ends_all_and_kills_the_stubborn(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []
    processes = Processes(
        tmp_path, lambda name, text: events.append((name, text)), stop_timeout_s=0.5
    )
    processes.start("polite", SLEEP, ENVIRONMENT)
    processes.start("stubborn", STUBBORN, ENVIRONMENT)
    poll_until(processes, log_says(processes, "polite", "up"))
    poll_until(processes, log_says(processes, "stubborn", "up"))
    pids = processes.pids
    processes.stop()
    assert events == [("stubborn", "killed: it did not stop within 0.5 s")]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
    assert processes.pids == {}
    processes.stop()


def test_watch_returns_when_told_to(processes: Processes) -> None:
    processes.start("worker", SLEEP, ENVIRONMENT)
    answers = iter([False, False, True])
    processes.watch(lambda: next(answers))
    assert "worker" in processes.pids
    with pytest.raises(ValueError, match="worker"):
        processes.start("worker", SLEEP, ENVIRONMENT)


def test_processes_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from service.local.processes import Processes\n"
        "processes = Processes(Path(sys.argv[1]), print)\n"
        f"processes.start('worker', {SLEEP!r}, {{}})\n"
        "print(processes.pids['worker'], flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**ENVIRONMENT, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        worker = os.pidfd_open(int(supervisor.stdout.readline()))
        try:
            supervisor.kill()
            deadline = time.monotonic() + SOON_S
            while not is_finished(worker):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            os.close(worker)


def is_finished(descriptor: int) -> bool:
    """Whether the process of a pidfd has ended; a zombie has."""
    return bool(select.select([descriptor], [], [], 0)[0])
