"""Imports modules once and forks a process for each `nascore` command that it is told to start.

    python forker.py MODULE ...

Reads a request a line, in JSON, and answers each with a line: a `Start` with the process's number,
that number with the process's status, null while it runs. Ends with its input, and everything that
it has started ends with it.
"""

import gc
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TypedDict

from service.workers import environment

PROGRAM = "python -m service.cli"
"""As usage errors call it."""


class Start(TypedDict):
    """A command, its whole environment, and the files that it writes behind."""

    command: list[str]
    environment: dict[str, str]
    folder: str
    out: str
    err: str


def become(start: Start) -> None:
    """Makes a forked process look as if it had been started by itself."""
    os.environ.clear()
    os.environ.update(start["environment"])
    os.chdir(start["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(start["out"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 1)
    os.dup2(os.open(start["err"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
    sys.argv = [PROGRAM, *start["command"]]


def answer(number: int | None) -> None:
    sys.stdout.write(json.dumps(number) + "\n")
    sys.stdout.flush()


def forked_command() -> bool:
    """Answers requests until there are no more; True in a process that shall run its command."""
    running: set[int] = set()
    for line in sys.stdin:
        request: Start | int = json.loads(line)
        if isinstance(request, int):
            ended, status = os.waitpid(request, os.WNOHANG)
            running.discard(ended)
            answer(os.waitstatus_to_exitcode(status) if ended else None)
            continue
        child = os.fork()
        if child == 0:
            become(request)
            return True
        running.add(child)
        answer(child)
    for child in running:
        os.kill(child, signal.SIGKILL)
    return False


def main(modules: list[str]) -> None:
    # Where torch is among them: before it is imported.
    environment.prepare()
    for module in modules:
        importlib.import_module(module)
    from service.cli import app

    # The collector would write to every page that the processes share.
    gc.collect()
    gc.freeze()
    if forked_command():
        app(prog_name=PROGRAM)


if __name__ == "__main__":
    # A command finds the same first entry under `python -m`.
    sys.path[0] = str(Path(__file__).parents[2])
    main(sys.argv[1:])
