"""Finished runs by the names a person has for them: a sweep's best trial, one of its trials, or the key of a run."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from analysis.errors import RecordsError
from analysis.objective import Objective
from analysis.records.predictions import Predictions, read_predictions
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialPlan
from analysis.records.tables import PREDICTIONS
from trainers.config.paths import nearest
from trainers.errors import SpecError
from trainers.spec import RunSpec
from trainers.training.checkpoint_files import WEIGHTS
from tuneful.sweep.plans import best_trials

PRECISIONS = ("fp32", "bf16", "fp16")
SHOWN = 8


@dataclass(frozen=True)
class FinishedRun:
    """A run that trained all its epochs."""

    folder: SweepFolder
    trial: TrialPlan
    key: str
    spec: RunSpec
    kept: Path | None
    """the folder of its kept checkpoint; None where that is damaged or gone: the ledger alone does for a submission"""

    @property
    def checkpoint(self) -> Path:
        """The folder of its kept checkpoint, with weights.

        Raises:
            RecordsError: it is damaged, or its weights are gone.
        """
        folder = self._kept()
        if not (folder / WEIGHTS).exists():
            raise RecordsError(f"{self.where}: its weights were removed (platform prune). Try: a better trial's run")
        return folder

    @property
    def where(self) -> str:
        """`loss search-0007 run 0123456789abcdef`"""
        return f"{self.folder.name} {self.trial.name} run {self.key}"

    def predictions(self) -> tuple[list[Predictions], tuple[str, ...]]:
        """The logits of its kept checkpoint by subset, and the classes.

        Raises:
            RecordsError: the checkpoint is damaged or gone.
        """
        return read_predictions(self._kept() / PREDICTIONS)

    def _kept(self) -> Path:
        if self.kept is None:
            epoch = self.folder.ledger(self.key).epochs()[-1]["kept_epoch"]
            raise RecordsError(f"{self.where}: the checkpoint of epoch {epoch} is damaged or gone. Try: another run")
        return self.kept

    def trained_on(self, data_digest: str) -> bool:
        """Whether it saw just these data: its key holds their digest, the workers and the precision really used."""
        resources = (self.folder.definition() or {}).get("resources") or {"workers": 1}
        return any(self.spec.key(data_digest, resources["workers"], precision) == self.key for precision in PRECISIONS)


def finished_runs(folder: SweepFolder, which: str | None = None) -> list[FinishedRun]:
    """The finished runs of one trial of a sweep, in the order of folds and repeats.

    Args:
        folder: of a sweep, or of the runs of `platform train`.
        which: a number of the search (`12`), a trial's name (`confirm-0003`), the key of a single run, or None for
            the best complete trial of the search.

    Raises:
        SpecError: there is no such trial, or one of its runs hasn't finished or has diverged.
    """
    trial, runs = _best(folder) if which is None else _named(folder, which)
    return [_finished(folder, trial, run) for run in runs]


def _best(folder: SweepFolder) -> tuple[TrialPlan, Sequence[RunPlan]]:
    best = best_trials(folder.trials(SEARCH), Objective.of(folder.definition() or {}), 1)
    if not best:
        raise SpecError(f"no trial of {folder.name} is complete. Try: platform status {folder.name}")
    return best[0], best[0].runs


def _named(folder: SweepFolder, which: str) -> tuple[TrialPlan, Sequence[RunPlan]]:
    trials = [plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage)]
    for trial in trials:
        for run in trial.runs:
            if run.key == which:
                return trial, (run,)
    named = {trial.name: trial for trial in trials}
    name = f"{SEARCH}-{int(which):04d}" if re.fullmatch(r"\d{1,9}", which) else which
    if name not in named:
        shown = [*named][:SHOWN]
        known = nearest(name, shown) if shown else "It has none yet."
        raise SpecError(f"{folder.name} has no trial or run {which!r}. {known} Try: platform results {folder.name}")
    return named[name], named[name].runs


def _finished(folder: SweepFolder, trial: TrialPlan, run: RunPlan) -> FinishedRun:
    ledger, where = folder.ledger(run.key), f"{folder.name} {trial.name} run {run.key}"
    epochs = ledger.epochs()
    state = epochs[-1]["state"] if epochs else "not started"
    if state != "finished":
        done = "diverged" if state == "diverged" else "has not finished"
        raise SpecError(f"{where} {done}: {len(epochs)} epochs are on record. Try: a trial that is complete")
    kept = epochs[-1]["kept_epoch"]
    return FinishedRun(folder, trial, run.key, _spec(run, where), ledger.checkpoint(kept) if kept else None)


def _spec(run: RunPlan, where: str) -> RunSpec:
    try:
        return RunSpec.model_validate_json(json.dumps(run.spec))
    except ValidationError:
        raise SpecError(f"{where} is of another version of tuneful. Try: train it again") from None
