"""The machine that a figure was taken on."""

import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import processor, python_version


@dataclass(frozen=True)
class Machine:
    """What decides how fast a score is computed."""

    cpu: str
    cores: int
    python: str
    torch: str

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, Python {self.python}, torch {self.torch}"


def this_machine() -> Machine:
    cores = len(os.sched_getaffinity(0))
    return Machine(_cpu(), cores, python_version(), version("torch"))


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return processor() or "unknown processor"
