"""Work on files that nobody has checked, in a child process that may crash, hang or want too much memory.

The pools of multiprocessing and concurrent.futures can't end a worker that hangs, one that crashes takes with it what
the others were doing, and their children run the main program's imports again. Here a child serves one caller; after
its death the next call starts another.
"""

import os
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MEMORY_BYTES = 256 * 2**20
"""What calls may take on top of the libraries. Decoding takes some 10 MiB, however long the recording."""
TIME_LIMIT_S = 600.0
"""Wall-clock time of a call. A recording of six hours, the longest that is accepted, takes about a minute."""
START_LIMIT_S = 120.0
START = "from trainers.data.sandbox import serve; serve({}, {})"
READY = "ready"


class SandboxError(Exception):
    """The child didn't survive a call; the message says why."""


class StoppedError(Exception):
    """The sandbox was stopped, by another thread, while a call was under way or before."""


class Sandbox:
    """A child process that calls functions for this one. A context; the child starts at the first call.

    It ends with this process, however this one ends, and hears no Ctrl-C. One thread at a time may call.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._memory_bytes, self._time_limit_s = memory_bytes, time_limit_s
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._stopped = False

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns, called in the child. Function, arguments and result are pickled.

        Raises:
            Exception: what the function raises, MemoryError beyond the limit among it.
            SandboxError: the child crashed, was killed, or took longer than the limit.
            StoppedError: another thread called `stop`.
        """
        child = self._running()
        try:
            returned, outcome = child.ask((function, args, kwargs), self._time_limit_s)
        except SandboxError:
            self._child = None
            if self._stopped:
                raise StoppedError from None
            raise
        if not returned:
            raise outcome
        return outcome  # type: ignore[no-any-return]

    def stop(self) -> None:
        """End the child now. The call that is under way, and later ones, raise StoppedError."""
        with self._lock:
            self._stopped = True
            if (child := self._child) is not None:
                child.kill()

    def _running(self) -> "_Child":
        with self._lock:
            if self._stopped:
                raise StoppedError
            if self._child is None or self._child.process.poll() is not None:  # killed while nobody called
                self._child = _Child(self._memory_bytes)
            return self._child


class _Child:
    def __init__(self, memory_bytes: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", START.format(theirs.fileno(), memory_bytes)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C in a terminal goes to the whole group
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            )
        self._connection = Connection(ours.detach())
        self._expect(START_LIMIT_S)

    def ask(self, request: tuple[Any, ...], limit_s: float) -> Any:
        """The answer; a child that gives none is dead afterwards."""
        try:
            self._connection.send(request)
        except BrokenPipeError:
            raise SandboxError(self._death()) from None
        return self._expect(limit_s)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _expect(self, limit_s: float) -> Any:
        try:
            if self._connection.poll(limit_s):
                return self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise SandboxError(self._death()) from None
        self.kill()
        raise SandboxError(f"took longer than {limit_s:g} s")

    def _death(self) -> str:
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "was killed: out of memory, or by hand"
        return f"crashed ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"


# ---- in the child


def serve(descriptor: int, memory_bytes: int) -> None:
    """Answer calls until the caller is gone."""
    import trainers.data.decode  # noqa: F401  what calls need, before memory is limited

    connection = Connection(descriptor)
    requests: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests), daemon=True).start()
    connection.send(READY)
    # libmpg123 writes what it thinks of a file to stderr; our own mistakes in starting were to be seen until here
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    _limit(memory_bytes)
    while True:
        function, args, kwargs = requests.get()
        try:
            answer = True, function(*args, **kwargs)
        except Exception as error:
            answer = False, error
        connection.send(answer)


def _listen(connection: Connection, requests: "queue.SimpleQueue[tuple[Any, ...]]") -> None:
    """In a thread of its own, so that the child of a killed process ends even while it hangs in a decoder."""
    try:
        while True:
            requests.put(connection.recv())
    finally:
        os._exit(0)


def _limit(memory_bytes: int) -> None:
    """No core dumps, and a bound for private memory (RLIMIT_DATA counts that since Linux 4.7; elsewhere: none)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + memory_bytes, used + memory_bytes))
