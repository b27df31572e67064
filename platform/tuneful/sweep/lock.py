"""One process per sweep: a lock that names its owner and doesn't outlive it."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from analysis.errors import RecordsError
from tuneful.errors import SweepInUseError

WRITING_S = 0.5


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a sweep's folder.

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
        yield
    finally:
        path.unlink(missing_ok=True)


def owner(folder: Path) -> int | None:
    """The pid of the living process that works on a sweep, or None."""
    holder = _read(folder / "lock.json")
    return int(holder["pid"]) if holder is not None and _lives(holder) else None


def _take(path: Path) -> None:
    me = psutil.Process()
    text = json.dumps({"pid": me.pid, "started": me.create_time(), "boot": psutil.boot_time(), "since": time.time()})
    for _ in range(2):  # the second time after a dead owner's lock was removed
        try:
            with path.open("x") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return
        except FileExistsError:
            holder = _read(path) or _read_later(path)
            if holder is not None and _lives(holder):
                since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder["since"]))
                raise SweepInUseError(
                    f"{path.parent}: in use by process {holder['pid']:.0f} since {since}. "
                    "Try: wait for it, or another --name"
                ) from None
            path.unlink(missing_ok=True)
    raise SweepInUseError(f"{path.parent}: another process took the lock just now. Try: wait for it, or another --name")


def _read_later(path: Path) -> dict[str, float] | None:
    """A lock that says nothing may be one whose owner is just writing it."""
    time.sleep(WRITING_S)
    return _read(path)


def _read(path: Path) -> dict[str, float] | None:
    try:
        holder: dict[str, float] = json.loads(path.read_text())
        return holder
    except (OSError, ValueError):
        return None


def _lives(holder: dict[str, float]) -> bool:
    """Whether the process that took the lock still runs: its pid, started when it said, since the same boot."""
    try:
        started = psutil.Process(int(holder["pid"])).create_time()
        return bool(abs(started - holder["started"]) < 1)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
