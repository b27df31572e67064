"""What a trial's processes print, kept beside the trial's record: `trials/search-0007.log`.

Ray would keep it in its own session, which goes with the cluster. Here the file descriptors of the process are turned
to the trial's log while it runs, so that what libraries in C and child processes say is in it as well, and what a
dying process said last.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

LIMIT_BYTES = 1_000_000
"""A log that is longer after an epoch loses its middle."""
TOLD = ("train/loss", "val/loss", "seconds", "eval_seconds")


class TrialOutput:
    """Turns stdout and stderr of this process to a trial's log until it is closed.

    `worker` is the process's rank: the first writes to `<trial>.log`, the others to `<trial>.worker-1.log`, ...
    A log that can't be opened is gone without: a trial must not fail by it.
    """

    def __init__(self, folder: Path, trial: str, worker: int = 0) -> None:
        self.path = log_path(folder, trial, worker)
        self._kept: tuple[int, int] | None = None
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            log = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            _flush()
            self._kept = os.dup(1), os.dup(2)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            self.say(f"{trial} on {os.uname().nodename}, process {os.getpid()}")

    def say(self, text: str) -> None:
        """Add a line of our own, with the time of day."""
        if self._kept is not None:
            print(f"[{time.strftime('%Y-%m-%d %H:%M:%S')}] {text}", flush=True)

    def epoch(self, epoch: int, score: float, metrics: dict[str, float]) -> None:
        """Add what an epoch has brought, and keep the log short; all its metrics are in the ledger."""
        told = "".join(f"  {name} {metrics[name]:.4g}" for name in TOLD if name in metrics)
        self.say(f"epoch {epoch}  score {score:.4f}{told}")
        with contextlib.suppress(OSError):
            shorten(self.path)

    def close(self) -> None:
        """Give stdout and stderr back."""
        if self._kept is None:
            return
        _flush()
        for descriptor, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, descriptor)
            os.close(kept)
        self._kept = None


def log_path(folder: Path, trial: str, worker: int = 0) -> Path:
    """Where the output of a trial's process is kept."""
    return folder / "trials" / (f"{trial}.worker-{worker}.log" if worker else f"{trial}.log")


def shorten(path: Path, limit: int = LIMIT_BYTES) -> None:
    """Cut the middle out of a log that is longer than `limit` bytes. Its writer appends, so it may be open."""
    size = path.stat().st_size
    if size <= limit:
        return
    with path.open("r+b") as file:
        head = file.read(limit // 4)
        file.seek(size - limit // 2)
        tail = file.read()
        file.seek(0)
        file.write(head + f"\n[... {size - len(head) - len(tail):,} bytes left out ...]\n".encode() + tail)
        file.truncate()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
