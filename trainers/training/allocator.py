"""Memory of CPU training: freed buffers are kept for the next batch."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Of glibc's malloc.h."""
GIB, MIB = 2**30, 2**20
MMAP_THRESHOLDS = (GIB, 32 * MIB)
"""Bytes from which a buffer is a mapping of its own, the best first: older glibc refuses more than 32 MiB."""
PAD_BYTES = 64 * MIB
Mallopt = Callable[[int, int], int]
"""(parameter, value) -> 0 where glibc refuses it"""


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep what torch frees, instead of giving it back to the system after every layer.

    By default large buffers are mappings of their own, and the system clears their pages whenever they are made again:
    a quarter to a third of an epoch on a CPU (`benchmarks/allocator.py`). Numbers are the same; the process stays as
    large as it once was.

    Returns:
        Whether it was done: there is another allocator on other systems.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not in musl
    return mallopt is not None and keep_with(mallopt)


def keep_with(mallopt: Mallopt) -> bool:
    """Set the three parameters, the threshold first: the others alone fix it at 128 KiB, worse than doing nothing.

    Args:
        mallopt: glibc's function.

    Returns:
        Whether it was done; where not, nothing has been changed.
    """
    if not any(mallopt(M_MMAP_THRESHOLD, size) for size in MMAP_THRESHOLDS):
        return False
    return all([mallopt(M_TRIM_THRESHOLD, 2 * GIB - 1), mallopt(M_TOP_PAD, PAD_BYTES)])
