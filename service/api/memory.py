"""Memory that large requests used is given back to the system."""

import ctypes

_MMAP_THRESHOLD = -3
"""The parameter's number in glibc's malloc.h."""

BLOCK_BYTES = 256 * 1024
"""Larger blocks are mapped one by one, and unmapped when they are freed. Left to itself glibc
raises this to the largest block freed so far, up to 32 MB, and keeps what it has: after some bodies
of 8 MB, forty megabytes more than before."""


def give_back() -> None:
    """Once a process; where there is no glibc nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, BLOCK_BYTES)
