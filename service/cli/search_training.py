"""Training by the user's own command."""

import json
import shlex
import subprocess
from collections.abc import Callable
from math import isfinite

from service.benches.bench import Architecture
from service.search.searches import RefusedError


class TrainingError(Exception):
    """The command failed, or what it printed is no accuracy."""


def trained_by(command: str) -> Callable[[Architecture], float]:
    """Runs the command without a shell: the architecture as JSON on its standard input, its
    accuracy, the larger the better, as the last line of its standard output.

    It may take as long as it wants. Raises RefusedError where this is no command, and TrainingError
    as it trains.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        reason = f"{command!r} is no command: {error}; quote its words as in a shell"
        raise RefusedError("train", reason) from None
    if not words:
        raise RefusedError("train", "there is no command in it: give a program with its arguments")

    def train(architecture: Architecture) -> float:
        spec = json.dumps(architecture.spec)
        try:
            done = subprocess.run(
                words,
                input=spec,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                # Only the last line matters; what stands before it may be a bar of progress.
                errors="replace",
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise TrainingError(f"{error}; its input was {spec}") from None
        printed = done.stdout.rstrip().rpartition("\n")[2]
        try:
            accuracy = float(printed)
        except ValueError:
            accuracy = float("nan")
        if not isfinite(accuracy):
            raise TrainingError(f"{command!r} printed {printed!r}, no accuracy, for {spec}")
        return accuracy

    return train
