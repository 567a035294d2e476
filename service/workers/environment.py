"""What must be set before torch is imported, and right after."""

import ctypes
import os
from typing import Any

# Of glibc's malloc.h: from how many free bytes at its end the heap shrinks, and from what size on a
# block is not of the heap.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


def prepare() -> None:
    """Makes the OpenMP threads of this process polite; call it before anything imports torch.

    A spinning OpenMP thread beside one busy foreign process slows a network down five times.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Without a fixed workspace cuBLAS is not deterministic, and torch refuses to use it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def make_deterministic() -> None:
    """One thread, deterministic kernels, no TF32: the same network gives the same bits."""
    import torch

    torch.set_num_threads(1)
    # As `use_deterministic_algorithms` does, which would also import torch's compiler: for as long
    # as torch itself, in every worker that starts.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Filling what is allocated comes with determinism and takes 6 % of the time. The sweep reads
    # nothing that it has not written: a test fills all memory and finds the same bits.
    deterministic: Any = torch.utils.deterministic
    deterministic.fill_uninitialized_memory = False


def keep_freed_memory() -> None:
    """Lets the C library keep what is freed for the next large tensor, whatever its size.

    It would give large blocks back to the system and get them again page by page, zeroed: a fifth
    of the time of a network. The process stays as large as its largest network made it. Only glibc
    can be told so; elsewhere nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _LARGEST)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
