"""Nothing is trained twice: finished runs of the same key in other sweeps of the results folder are taken over.

A run's key covers its whole configuration, the data, the number of workers and the precision (design, section 3), so
a finished run of another sweep is the run that would be trained; where an objective is a time, also the machine must be
the same (`timing.py`). Its ledger is linked, or copied to another disk, under
a temporary name and checked there before it gets its own; `reused.json` in it says where it came from.
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from analysis.records.files import read_record, write_record
from analysis.records.ledger import REUSED, RunLedger
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan
from trainers.training.checkpoint_files import WEIGHTS
from tuneful.sweep.ground import UNKNOWN, timed_on_record


class Reuse:
    """Takes finished runs of other sweeps over into one sweep."""

    def __init__(self, folder: SweepFolder, metrics: Collection[str], say: Callable[[str], None]) -> None:
        self._folder, self._metrics, self._say = folder, metrics, say
        self._timed_on = timed_on_record(folder)
        self._passed_over: set[str] = set()
        _remove_abandoned(folder)

    def take(self, plan: TrialPlan) -> str | None:
        """Take over what there is of a trial's runs; returns the sweeps they came from, None where nothing was taken.

        Raises:
            RecordsError: the results can't be written.
        """
        sources = [name for run in plan.runs if not self._begun(run.key) and (name := self._take(run.key))]
        return ", ".join(dict.fromkeys(sources)) or None

    def _begun(self, key: str) -> bool:
        return (self._folder.path / "runs" / key / "run.json").exists()

    def _take(self, key: str) -> str | None:
        for source in sorted(self._folder.path.parent.glob(f"*/runs/{key}")):
            sweep = SweepFolder(source.parent.parent)
            if sweep.path == self._folder.path or not self._usable(source) or not self._timed_alike(sweep):
                continue
            if self._copy(source):
                return sweep.name
        return None

    def _timed_alike(self, sweep: SweepFolder) -> bool:
        """Whether times of another sweep can stand beside this one's; said once where they can't."""
        theirs = timed_on_record(sweep)
        if self._timed_on in (None, theirs):
            return True
        if sweep.name not in self._passed_over:
            self._passed_over.add(sweep.name)
            self._say(
                f"Runs of {sweep.name} are not taken over: an objective is a time, theirs are of {theirs or UNKNOWN}, "
                f"this sweep's of {self._timed_on}"
            )
        return False

    def _usable(self, source: Path) -> bool:
        """Whether a run ended by itself and reported all that is asked for, as far as its records say."""
        ledger = RunLedger(source)
        finished, identity = ledger.finished, ledger.identity()
        if finished is None or identity is None or identity.get("key") != source.name:
            return False
        epochs = finished["epochs"]
        numbers = [epoch["epoch"] for epoch in epochs]
        ended = finished["state"] == "finished" and epochs and epochs[-1]["state"] == "finished"
        whole = numbers == list(range(1, len(numbers) + 1)) and len(ledger.epochs()) == len(numbers)
        reported = {name for epoch in epochs for name in epoch["metrics"]}
        return bool(ended and whole and reported.issuperset(self._metrics))

    def _copy(self, source: Path) -> bool:
        """Take a run over whole, or not at all: it may be damaged, or be removed at this moment."""
        target = self._folder.path / "runs" / source.name
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            shutil.copytree(
                source, temporary, copy_function=_link, ignore=shutil.ignore_patterns(".*.tmp", "*.corrupt")
            )
            if not self._usable_copy(temporary, source.name):
                return False
            origin = read_record(source / REUSED) or {}
            write_record(temporary / REUSED, {"sweep": origin.get("sweep", source.parent.parent.name)})
            if target.exists():  # an attempt that was killed before its first epoch was on record
                shutil.rmtree(target)
            temporary.rename(target)
        except (OSError, shutil.Error):
            return False
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return True

    def _usable_copy(self, copy: Path, key: str) -> bool:
        ledger = RunLedger(copy)
        finished = ledger.finished
        if finished is None or (ledger.identity() or {}).get("key") != key:
            return False
        kept = finished["kept_epoch"]
        checkpoint = ledger.checkpoint(kept) if kept is not None else None
        return kept is None or (checkpoint is not None and (checkpoint / WEIGHTS).exists())  # else it was pruned


def reused_from(folder: SweepFolder, key: str) -> str | None:
    """The sweep that a run was taken from; None where it was trained here."""
    return folder.ledger(key).taken_from


def count_reused(folder: SweepFolder) -> int:
    """How many runs of a sweep's trials were taken from other sweeps."""
    plans: Iterable[TrialPlan] = (plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage))
    keys = {run.key for plan in plans for run in plan.runs}
    return sum(reused_from(folder, key) is not None for key in keys)


def _link(source: str, target: str) -> str:
    """A second name for the file, or a copy of it on another disk. Records are replaced, never written into."""
    with contextlib.suppress(OSError):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _remove_abandoned(folder: SweepFolder) -> None:
    for path in (folder.path / "runs").glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)
