"""One process per sweep: a lock that names its owner, doesn't outlive it, and hears when somebody asks for a stop.

Results may lie on a disk that several hosts share. A process of this host is looked up; one of another host shows that
it lives by touching the lock every few seconds.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from analysis.errors import RecordsError
from tuneful.errors import SweepInUseError
from tuneful.sweep.requests import hearing

WRITING_S = 0.5
BEAT_S = 10.0
"""How often an owner touches its lock."""
SILENCE_S = 45.0
"""An owner on another host that has not touched its lock for so long is gone."""


@dataclass(frozen=True)
class Holder:
    """The process that works on a sweep."""

    pid: int
    host: str
    since: float
    """seconds of the epoch"""

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{where}"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a sweep's folder, and stop as after Ctrl-C when `platform stop` asks for it.

    Raises:
        SweepInUseError: another living process holds it; says which one and since when.
        RecordsError: the folder can't be written.
    """
    path = folder / "lock.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _take(path)
    except OSError as error:
        raise RecordsError(f"{folder}: can't be written ({error.strerror}). Try: another --results folder") from error
    try:
        with hearing(folder, lambda: os.utime(path), BEAT_S):
            yield
    finally:
        path.unlink(missing_ok=True)


def holder(folder: Path) -> Holder | None:
    """The living process that works on a sweep, on this host or another, or None."""
    path = folder / "lock.json"
    content = _read(path)
    if content is None or not (_lives(content) if _of_this_host(content) else _beat(path) > time.time() - SILENCE_S):
        return None
    return Holder(int(content["pid"]), str(content.get("host", socket.gethostname())), float(content["since"]))


def owner(folder: Path) -> int | None:
    """The pid of the living process that works on a sweep, or None."""
    found = holder(folder)
    return found.pid if found else None


def _take(path: Path) -> None:
    me = psutil.Process()
    text = json.dumps(
        {
            "pid": me.pid,
            "host": socket.gethostname(),
            "started": me.create_time(),
            "boot": psutil.boot_time(),
            "since": time.time(),
        }
    )
    for _ in range(2):  # the second time after a dead owner's lock was removed
        try:
            with path.open("x") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return
        except FileExistsError:
            _refuse_living(path, _read(path) or _read_later(path))
            path.unlink(missing_ok=True)
    raise SweepInUseError(f"{path.parent}: another process took the lock just now. Try: wait for it, or another --name")


def _refuse_living(path: Path, content: dict[str, Any] | None) -> None:
    if content is None or not (_lives(content) if _of_this_host(content) else _beats(path)):
        return
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(content["since"]))
    who = Holder(int(content["pid"]), str(content.get("host", socket.gethostname())), content["since"])
    raise SweepInUseError(f"{path.parent}: in use by {who} since {since}. Try: wait for it, or another --name")


def _read_later(path: Path) -> dict[str, Any] | None:
    """A lock that says nothing may be one whose owner is just writing it."""
    time.sleep(WRITING_S)
    return _read(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        return content if {"pid", "since"} <= content.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _of_this_host(content: dict[str, Any]) -> bool:
    return bool(content.get("host", socket.gethostname()) == socket.gethostname())


def _lives(content: dict[str, Any]) -> bool:
    """Whether the process that took the lock still runs: its pid, started when it said."""
    try:
        started = psutil.Process(int(content["pid"])).create_time()
        return bool(abs(started - content["started"]) < 1)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _beats(path: Path) -> bool:
    """Whether another host's process touches the lock while it is watched: clocks of hosts differ, so none is read."""
    first, patience = _beat(path), time.monotonic() + 2.5 * BEAT_S
    while time.monotonic() < patience:
        time.sleep(BEAT_S / 10)
        if _beat(path) != first:
            return path.exists()
    return False


def _beat(path: Path) -> float:
    """When the lock was last touched; it is opened because network file systems ask the server only then."""
    try:
        with path.open() as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return 0.0
