"""What one worker may take, what an architecture needs, and what to do where memory runs out."""

import ctypes
import gc
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import torch

from service.settings import Settings

T = TypeVar("T")

CGROUPS = Path("/sys/fs/cgroup")

WORKERS_SHARE = 0.75
"""Of a machine's memory. The rest is for the database, the API and the system's caches."""


class TooLargeError(Exception):
    """An architecture that needs more memory than this worker may use; never computed."""

    type = "too-large"

    def __init__(self, needed: int, allowed: int) -> None:
        super().__init__(
            f"needs {_gigabytes(needed)}, this worker may use {_gigabytes(allowed)} "
            "(NASCORE_WORKER_MEMORY_BYTES)"
        )


class OutOfMemoryError(Exception):
    """An architecture for which memory ran out twice, the second time alone."""

    type = "out-of-memory"


def allowed_bytes(settings: Settings, device: str, workers: int) -> int:
    """What the tensors of one architecture may take on this worker.

    The setting; or else on a GPU what is free now, and on a CPU its share of the machine, which so
    many workers have, less what its process holds already.
    """
    if settings.worker_memory_bytes:
        return settings.worker_memory_bytes
    if torch.device(device).type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return max(0, share_of_machine(workers) - own)


def share_of_machine(workers: int) -> int:
    """Bytes for each of so many workers: of what the machine has, or the control group may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(WORKERS_SHARE * min([physical, *_group_limits()]) / workers)


def _group_limits() -> Iterator[int]:
    """The limits of this process's control group and of those around it, of either version."""
    groups = Path("/proc/self/cgroup")
    for line in groups.read_text().splitlines() if groups.exists() else ():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = CGROUPS / controllers
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        # In a container the path may be that outside, and the root is the container's own group.
        inner = root / path.strip("/")
        for folder in dict.fromkeys([inner, *inner.parents, root]):
            limit = folder / name
            if folder.is_relative_to(root) and limit.is_file():
                text = limit.read_text().strip()
                if text != "max":
                    yield int(text)


def trying_again(compute: Callable[[], T], device: str, note: Callable[[str], None]) -> T:
    """What `compute` answers; where memory runs out, once more with all freed that can be.

    `note` is told of the first time. Raises OutOfMemoryError the second.
    """
    try:
        return compute()
    except Exception as error:
        if not ran_out(error):
            raise
        reason = _first_line(error)
    # Out of the `except`: the error holds the frames that hold the tensors.
    note(reason)
    free(device)
    try:
        return compute()
    except Exception as error:
        if not ran_out(error):
            raise
        reason = _first_line(error)
    free(device)
    raise OutOfMemoryError(reason)


def ran_out(error: Exception) -> bool:
    """Whether this says that memory ran out, in one of the ways that Python and torch have."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "bad_alloc" in text
    )


def free(device: str) -> None:
    """Gives back to the system, or to the device, what nobody holds."""
    gc.collect()
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()
    # The C library keeps what is freed, as `environment.keep_freed_memory` told it.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.3g} GB"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
