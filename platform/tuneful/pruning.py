"""What a sweep's checkpoints hold that nothing will ask for: most of what a sweep takes of a disk.

A run that has finished never trains on, so its optimizer's state is of no use; the weights of trials far from the best
rarely are. Scores, predictions and every record stay: tables, pages, ensembles and the leaderboard don't change.
"""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.objective import Objective
from analysis.records.files import drop_from_folder
from analysis.records.submissions import read_submissions
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder
from trainers.errors import SpecError
from trainers.training.checkpoint_files import OPTIMIZER, TRAINED, WEIGHTS
from tuneful.sweep.plans import best_trials

TO_TRAIN_ON = (OPTIMIZER, TRAINED)


@dataclass(frozen=True)
class Spare:
    """What can go of one run."""

    key: str
    checkpoint: Path
    files: tuple[str, ...]
    """names in the checkpoint; empty: all of it, as the run was stopped and its predictions are on record elsewhere"""

    @property
    def bytes(self) -> int:
        """What the disk gets back: a file that another sweep shares stays there."""
        paths = [self.checkpoint / name for name in self.files] or list(self.checkpoint.iterdir())
        return sum(path.stat().st_size for path in paths if path.stat().st_nlink == 1)

    def remove(self) -> None:
        """Remove it.

        Raises:
            RecordsError: the results can't be written.
        """
        if self.files:
            drop_from_folder(self.checkpoint, self.files)
        else:
            shutil.rmtree(self.checkpoint)


def spare(folder: SweepFolder, results: Path, keep: int) -> list[Spare]:
    """What can go of the runs of trials that have ended.

    Args:
        folder: of a sweep that nobody works on.
        results: the folder of all results: runs that were submitted to a leaderboard keep their weights.
        keep: so many of the best trials, and all that were confirmed, keep theirs.

    Raises:
        SpecError: a population that is not done, whose trials may still take over each other's checkpoints.
    """
    _refuse_growing(folder)
    kept = _with_weights(folder, keep) | _submitted(results)
    ended = [plan for stage in (SEARCH, CONFIRM) for plan, end in folder.trials(stage) if end is not None]
    runs = {run.key: run for plan in ended for run in plan.runs}
    return [one for run in runs.values() for one in _of_run(folder, run, run.key in kept)]


def _refuse_growing(folder: SweepFolder) -> None:
    left = sum(end is None for _, end in folder.trials(SEARCH))
    scheduler = (folder.definition() or {}).get("scheduler", {})  # runs of `platform train` have none
    if left and scheduler.get("name") == "pbt":
        raise SpecError(
            f"{folder.name} is a population with {left} trials under way, which may take over from the others. "
            f"Try: let it end first: {folder.command}"
        )


def _with_weights(folder: SweepFolder, keep: int) -> set[str]:
    search, confirmed = folder.trials(SEARCH), [plan for plan, _ in folder.trials(CONFIRM)]
    best = best_trials(search, Objective.of(folder.definition() or {}), keep)
    candidates = {plan.candidate for plan in confirmed}
    winners = [*best, *confirmed, *(plan for plan, _ in search if plan.number in candidates)]
    return {run.key for plan in winners for run in plan.runs}


def _submitted(results: Path) -> set[str]:
    return {member.run for submission in read_submissions(results) for member in submission.members}


def _of_run(folder: SweepFolder, run: RunPlan, keep_weights: bool) -> Iterator[Spare]:
    ledger = folder.ledger(run.key)
    finished = ledger.finished
    kept = ledger.checkpoint(finished["kept_epoch"]) if finished and finished["kept_epoch"] else None
    if finished is None or kept is None:
        return
    if finished["state"] == "finished":
        files = _there(kept, TO_TRAIN_ON if keep_weights else (*TO_TRAIN_ON, WEIGHTS))
        if files:
            yield Spare(run.key, kept, files)
    elif not keep_weights:
        yield Spare(run.key, kept, ())


def _there(folder: Path, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if (folder / name).exists())
