"""What a sweep's checkpoints take of the disk that its results are on, said before the disk is full."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan

MIB, GIB = 2**20, 2**30


def checkpoint_bytes(run: Path) -> int:
    """What all checkpoints in the folder of a run's ledger take."""
    return sum(file.stat().st_size for file in run.glob("attempt-*/checkpoint-*/*"))


def free_bytes(results: Path) -> int:
    """Free on the disk of a results folder, which need not be there yet."""
    there = next(folder for folder in (results.absolute(), *results.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def size(count: float) -> str:
    """`12.3 MiB`, `4.1 GiB`"""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / MIB:.1f} MiB"


def needed(each: float, runs: int, results: Path) -> str:
    """How much of the disk so many checkpoints take, in a sentence."""
    free, total = free_bytes(results), each * runs
    fix = "" if total < free else " Try: another --results folder, or platform prune on older sweeps"
    return f"Disk: {size(total)} for {runs} runs of {size(each)} each, {size(free)} free.{fix}"


class DiskWatch:
    """Hears of trials, and says once when what is left to train won't fit the disk."""

    def __init__(self, folder: SweepFolder, runs: int, say: Callable[[str], None]) -> None:
        """Watch a sweep of so many runs in all."""
        self._folder, self._say = folder, say
        self._left = runs
        self._largest = 0

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:  # noqa: ARG002, a Listener
        """A trial has ended: what it took is what the others will take."""
        with contextlib.suppress(OSError):  # a worker that is being stopped may remove a checkpoint just now
            self._weigh(plan)

    def _weigh(self, plan: TrialPlan) -> None:
        sizes = [checkpoint_bytes(self._folder.ledger(run.key).folder) for run in plan.runs]
        self._left -= len(sizes)
        self._largest = max(self._largest, *sizes)
        if self._left > 0 and self._largest * self._left > free_bytes(self._folder.path):
            self._say(
                f"The disk will be full before the sweep is done. "
                f"{needed(self._largest, self._left, self._folder.path)}"
            )
            self._left = 0
