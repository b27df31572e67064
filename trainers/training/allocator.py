"""Memory of CPU training: freed buffers are kept for the next batch."""

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Of glibc's malloc.h."""
GIB = 2**30
PAD_BYTES = 64 * 2**20


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
    if mallopt is None:
        return False
    return all((mallopt(M_MMAP_THRESHOLD, GIB), mallopt(M_TRIM_THRESHOLD, 2 * GIB - 1), mallopt(M_TOP_PAD, PAD_BYTES)))
