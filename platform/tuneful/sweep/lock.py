"""One process per sweep: a lock that names its owner, doesn't outlive it, and hears when somebody asks for a stop.

Results may lie on a disk that several hosts share. A process of this host is looked up; one of another host shows that
it lives by touching the lock every few seconds. One that was silent for too long (a disk that hung, a machine that
slept) loses the lock; when it wakes it sees that, and stops.
"""

import contextlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from analysis.errors import RecordsError
from tuneful.errors import SweepInUseError
from tuneful.sweep.requests import hearing

FILE = "lock.json"
WRITING_S = 0.5
BEAT_S = 10.0
"""How often an owner touches its lock."""
SILENCE_S = 45.0
"""An owner on another host that has not touched its lock for so long is gone."""
ME = uuid.uuid4().hex
"""This process, in its locks: pids and names of hosts are given out again."""


@dataclass(frozen=True)
class Holder:
    """The process that works on a sweep."""

    pid: int
    host: str
    since: float
    """seconds of the epoch"""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Holder":
        """As a lock says it."""
        return cls(int(content["pid"]), str(content.get("host", socket.gethostname())), float(content["since"]))

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{where}"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a sweep's folder, and stop as after Ctrl-C when `platform stop` asks for it.

    Raises:
        SweepInUseError: another living process holds it; says which one and since when. Or another one has taken it
            over in the meantime, since nothing was heard of this one.
        RecordsError: the folder can't be written.
    """
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _take(path)
    except OSError as error:
        raise RecordsError(f"{folder}: can't be written ({error.strerror}). Try: another --results folder") from error
    try:
        with hearing(folder, lambda: _touch(folder), BEAT_S):
            yield
        if (why := taken_over(folder)) is not None:
            raise SweepInUseError(f"{folder}: {why}. What was done is kept. Try: platform status")
    finally:
        give_back(folder)


def give_back(folder: Path) -> None:
    """Remove the lock of a sweep's folder, if it is this process's."""
    if (_read(folder / FILE) or {}).get("id") == ME:
        (folder / FILE).unlink(missing_ok=True)


def taken_over(folder: Path) -> str | None:
    """Who took the lock that this process had, in words; None where it has it still."""
    content = _read(folder / FILE)
    if content is None and not _is_gone(folder):  # torn, or on a disk that is away for a moment
        return None
    if content is not None and content.get("id") == ME:
        return None
    who = Holder.of(content) if content else "another process that has ended by now"
    return f"{who} took the sweep over, since nothing was heard of this process"


def _is_gone(folder: Path) -> bool:
    """Whether the folder is there without a lock; a sweep that was refused has removed its folder."""
    with contextlib.suppress(OSError):
        return folder.exists() and not (folder / FILE).exists()
    return False


def holder(folder: Path) -> Holder | None:
    """The living process that works on a sweep, on this host or another, or None."""
    path = folder / FILE
    content = _read(path)
    if content is None or not (_lives(content) if _of_this_host(content) else _beat(path) > time.time() - SILENCE_S):
        return None
    return Holder.of(content)


def owner(folder: Path) -> int | None:
    """The pid of the living process that works on a sweep, or None."""
    found = holder(folder)
    return found.pid if found else None


def _take(path: Path) -> None:
    me = psutil.Process()
    text = json.dumps(
        {
            "id": ME,
            "pid": me.pid,
            "host": socket.gethostname(),
            "started": me.create_time(),
            "boot": psutil.boot_time(),
            "since": time.time(),
        }
    )
    for _ in range(2):  # the second time after a dead owner's lock was put aside
        try:
            with path.open("x") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return
        except FileExistsError:
            found = _read(path) or _read_later(path)
            _refuse_living(path, found)
            _put_aside(path, found)
    raise SweepInUseError(f"{path.parent}: another process took the lock just now. Try: wait for it, or another --name")


def _put_aside(path: Path, dead: dict[str, Any] | None) -> None:
    """Remove a dead owner's lock, and no other: of two processes that see it dead, one may have taken it meanwhile."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    if _read(aside) != dead:
        with contextlib.suppress(OSError):  # where a third one has it by now, the second stops with its next touch
            os.link(aside, path)
    aside.unlink()


def _touch(folder: Path) -> str | None:
    """Show that this process lives; returns why it has to stop, or None."""
    why = taken_over(folder)
    if why is None:
        os.utime(folder / FILE)
    return why


def _refuse_living(path: Path, content: dict[str, Any] | None) -> None:
    if content is None or not (_lives(content) if _of_this_host(content) else _beats(path)):
        return
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(content["since"]))
    raise SweepInUseError(
        f"{path.parent}: in use by {Holder.of(content)} since {since}. Try: wait for it, or another --name"
    )


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
