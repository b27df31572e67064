"""What the sweep tells its mirror: plain values, one JSON line each, without a word about where things lie here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.objective import Objective
from analysis.records.ledger import RunLedger
from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan
from trainers.training.checkpoint_files import WEIGHTS
from tuneful.tracking.private import Places


class Messages:
    """Puts into words what happens to the trials of a sweep. Each is a line for the mirror."""

    def __init__(self, folder: SweepFolder, checkpoints: bool) -> None:
        self._folder, self._checkpoints = folder, checkpoints
        self._places = Places(folder.path.parent.parent)

    def started(self, plan: TrialPlan) -> str:
        """A trial begins, goes on, or goes on with other settings: its configuration with every default."""
        about = {
            "sweep": self._folder.name,
            "stage": plan.stage,
            "trial": plan.number,
            "candidate": plan.candidate,
            "settings": plan.settings,
            "folds": [run.fold for run in plan.runs],
            "seeds": [run.seed for run in plan.runs],
            "splits": [run.split for run in plan.runs],
            "keys": [run.key for run in plan.runs],
            "exploits": plan.exploits,
        }
        config = {**plan.runs[0].spec, "run": about}
        return self._line({"kind": "started", "trial": plan.name, "stage": plan.stage, "config": config})

    def epoch(self, plan: TrialPlan, number: int, score: float, metrics: Mapping[str, float]) -> str:
        """An epoch's metrics, means over the trial's runs, and its score by the sweep's (first) objective."""
        return self._line({"kind": "epoch", "trial": plan.name, "epoch": number, "values": {**metrics, "score": score}})

    def ended(self, plan: TrialPlan, end: TrialEnd) -> str:
        """How a trial ended, with what it reached by every objective where there are several."""
        summary = {"state": end.state, "score": end.score, "error": end.error, **self._objectives(end)}
        kept = self._kept(plan) if self._checkpoints and end.state == "complete" else {}
        return self._line({"kind": "ended", "trial": plan.name, "summary": summary, "checkpoints": kept})

    def tables(self, tables: Mapping[str, Any]) -> str:
        """Tables of the sweep by name, each as columns and rows."""
        return self._line({"kind": "tables", "tables": dict(tables)})

    def scores(self, trial: str, values: Mapping[str, float]) -> str:
        """A trial's leaderboard scores."""
        return self._line({"kind": "scores", "trial": trial, "values": dict(values)})

    def _line(self, message: dict[str, Any]) -> str:
        return json.dumps(self._places.hidden(message))

    def _objectives(self, end: TrialEnd) -> dict[str, float]:
        if not end.values:  # there is one objective
            return {}
        objectives = Objective.all_of(self._folder.definition() or {})
        return {f"objective/{one.metric}": value for one, value in zip(objectives, end.values, strict=True)}

    def _kept(self, plan: TrialPlan) -> dict[str, str]:
        """The kept checkpoint of each run, by its artifact's name: a path below the sweep's folder."""
        found = {}
        for run in plan.runs:
            checkpoint = _kept_checkpoint(self._folder.ledger(run.key))
            if checkpoint is not None and (checkpoint / WEIGHTS).exists():  # else they were pruned
                name = f"{self._folder.name}-{plan.name}-fold{run.fold}-repeat{run.repeat}"
                found[name] = checkpoint.relative_to(self._folder.path).as_posix()
        return found


def _kept_checkpoint(ledger: RunLedger) -> Path | None:
    """The one that stays once the sweep has settled; until then a run that was stopped early has newer ones, too."""
    epochs = ledger.epochs()
    kept = epochs[-1]["kept_epoch"] if epochs else None
    return ledger.checkpoint(kept) if kept else None
