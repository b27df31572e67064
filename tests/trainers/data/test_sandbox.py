"""A child process that calls functions: its death is an exception here, and never this process's end."""

import ctypes
import os
import signal
import threading
import time

import numpy as np
import psutil
import pytest

from trainers.data.sandbox import Sandbox, SandboxError, StoppedError

MIB = 2**20


@pytest.fixture
def sandbox():
    with Sandbox(memory_bytes=64 * MIB, time_limit_s=1) as made:
        yield made


def test_it_returns_and_raises_what_the_function_does_in_another_process(sandbox):
    assert sandbox.call(os.getpid) not in (os.getpid(), os.getppid())
    assert sandbox.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(ValueError, match="invalid literal for int"):
        sandbox.call(int, "x")
    np.testing.assert_array_equal(sandbox.call(np.arange, 5), np.arange(5))


@pytest.mark.parametrize(
    ("function", "args", "said"),
    [
        (ctypes.string_at, (0,), r"^crashed \(SIGSEGV\)$"),
        (os.abort, (), r"^crashed \(SIGABRT\)$"),
        (os._exit, (3,), r"^crashed \(exit code 3\)$"),
        (signal.raise_signal, (signal.SIGKILL,), "^was killed: out of memory, or by hand$"),
        (signal.raise_signal, (signal.SIGSTOP,), "^took longer than 1 s$"),
    ],
    ids=["segfault", "abort", "exit", "kill", "hang"],
)
def test_a_death_is_said_and_the_next_call_has_a_new_child(sandbox, function, args, said):
    first = sandbox.call(os.getpid)
    with pytest.raises(SandboxError, match=said):
        sandbox.call(function, *args)
    assert sandbox.call(os.getpid) != first
    assert not psutil.pid_exists(first)


def test_a_child_that_was_killed_between_calls_accuses_no_file(sandbox):
    child = sandbox.call(os.getpid)
    os.kill(child, signal.SIGKILL)
    time.sleep(0.1)
    assert sandbox.call(abs, -1) == 1


def test_memory_beyond_the_limit_is_a_memory_error_and_the_child_lives(sandbox):
    child = sandbox.call(os.getpid)
    assert len(sandbox.call(bytes, 20 * MIB)) == 20 * MIB
    with pytest.raises(MemoryError):
        sandbox.call(bytes, 80 * MIB)
    assert sandbox.call(os.getpid) == child


def test_stopping_ends_a_call_that_is_under_way(sandbox):
    child = sandbox.call(os.getpid)
    threading.Timer(0.1, sandbox.stop).start()
    with pytest.raises(StoppedError):
        sandbox.call(time.sleep, 30)
    with pytest.raises(StoppedError):
        sandbox.call(abs, -1)
    assert not psutil.pid_exists(child)
