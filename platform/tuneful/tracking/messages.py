"""What the sweep tells its mirror: plain values, one JSON line each."""

from collections.abc import Mapping
from typing import Any

from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan
from trainers.training.checkpoint_files import WEIGHTS


def started(plan: TrialPlan, sweep: str) -> dict[str, Any]:
    """A trial begins, or goes on: its name and its configuration with every default."""
    about = {
        "sweep": sweep,
        "stage": plan.stage,
        "trial": plan.number,
        "candidate": plan.candidate,
        "settings": plan.settings,
        "folds": [run.fold for run in plan.runs],
        "seeds": [run.seed for run in plan.runs],
        "splits": [run.split for run in plan.runs],
        "keys": [run.key for run in plan.runs],
    }
    return {"kind": "started", "trial": plan.name, "stage": plan.stage, "config": {**plan.runs[0].spec, "run": about}}


def epoch(plan: TrialPlan, number: int, score: float, metrics: Mapping[str, float]) -> dict[str, Any]:
    """An epoch's metrics, means over the trial's runs, and its score by the sweep's objective."""
    return {"kind": "epoch", "trial": plan.name, "epoch": number, "values": {**metrics, "score": score}}


def ended(plan: TrialPlan, end: TrialEnd, checkpoints: Mapping[str, str]) -> dict[str, Any]:
    """How a trial ended, with the folders of checkpoints to keep, by the name of their artifact."""
    return {
        "kind": "ended",
        "trial": plan.name,
        "state": end.state,
        "score": end.score,
        "error": end.error,
        "checkpoints": dict(checkpoints),
    }


def checkpoints_of(folder: SweepFolder, plan: TrialPlan) -> dict[str, str]:
    """The newest checkpoint of each run of a trial, by fold and repeat."""
    found = {}
    for run in plan.runs:
        newest = folder.ledger(run.key).newest_checkpoint()
        if newest is not None and (newest[1] / WEIGHTS).exists():  # else they were pruned
            found[f"{folder.name}-{plan.name}-fold{run.fold}-repeat{run.repeat}"] = str(newest[1])
    return found
