"""Processes that decode and write recordings."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from trainers.errors import DataError


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """As many processes as there are cores for us, or fewer where there are fewer jobs.

    Raises:
        DataError: one of them was killed.
    """
    pool = _executor(min(len(os.sched_getaffinity(0)), jobs))
    try:
        yield pool
    except BrokenProcessPool:
        raise DataError(
            "a process that decodes recordings was killed: out of memory, or libsndfile crashed on one. "
            "Try: platform data prepare, which names the recording"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _executor(workers: int) -> Executor:
    # spawn: a fork of a process with threads can hang. Ctrl-C is the parent's affair.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=signal.signal, initargs=ignore)
