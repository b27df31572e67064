"""What a sweep's mirror missed, written from the ledger; leaderboard scores; and the upload of runs kept offline."""

import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.records.submissions import Submission, read_submissions
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from analysis.records.tables import collect
from tuneful.errors import ResourceError
from tuneful.tracking import messages
from tuneful.tracking.listener import as_table
from tuneful.tracking.state import read_state

NOT_METRICS = frozenset({"trial", "candidate", "fold", "seed", "repeat", "epoch", "attempt"})
"""Number columns of the epochs table that say where an epoch belongs."""


def write_missing(folder: SweepFolder, results: Path, spec: dict[str, Any]) -> int:
    """Write offline runs for what isn't mirrored yet; returns how many trials got something new.

    Raises:
        ResourceError: wandb's process failed; its log is named.
    """
    lines = list(missing(folder, results))
    if not lines:
        return 0
    command = [sys.executable, "-m", "tuneful.tracking.mirror", str(folder.path.absolute()), json.dumps(spec)]
    done = subprocess.run(
        [*command, "offline"], input="\n".join(map(json.dumps, lines)), capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ResourceError(f"{folder.path}: wandb could not write its runs ({last}). Try: platform doctor")
    return len({line["trial"] for line in lines if "trial" in line})


def missing(folder: SweepFolder, results: Path) -> Iterator[dict[str, Any]]:
    """Messages about ended trials that aren't mirrored whole, the tables where there was one, and new scores."""
    state = read_state(folder.path)
    tables = collect(folder, "interrupted")
    new = False
    for stage in (SEARCH, CONFIRM):
        for plan, end in folder.trials(stage):
            if end is not None and plan.name not in state.ended:
                new = True
                yield from _whole_trial(folder, plan, end, tables.epochs)
    if new:
        yield {"kind": "tables", "tables": {"trials": as_table(tables.trials)}}
    for trial, values in _scores(folder, read_submissions(results)).items():
        if state.scores.get(trial) != values:
            yield {"kind": "scores", "trial": trial, "values": values}


def _whole_trial(folder: SweepFolder, plan: TrialPlan, end: TrialEnd, epochs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    yield messages.started(plan, folder.name)
    scores = dict(end.scores)
    own = epochs[(epochs["trial"] == plan.number) & (epochs["stage"] == plan.stage)] if len(epochs) else epochs
    columns = [column for column in own.select_dtypes("number") if column not in NOT_METRICS]
    for epoch in sorted(map(int, own["epoch"].unique())):
        means = own[own["epoch"] == epoch][columns].dropna(axis="columns").mean()
        yield messages.epoch(
            plan, epoch, scores.get(epoch, math.nan), {str(name): float(value) for name, value in means.items()}
        )
    yield messages.ended(plan, end, {})


def _scores(folder: SweepFolder, submissions: list[Submission]) -> dict[str, dict[str, float]]:
    """Trial -> its leaderboard scores; of submissions of one run alone, the last of each competition."""
    trial_of = {
        run.key: plan.name for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage) for run in plan.runs
    }
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for submission in submissions:
        members = [member for member in submission.members if member.sweep == folder.name and member.run in trial_of]
        if len(submission.members) != 1 or not members:
            continue
        for board in ("public", "private"):
            score = getattr(submission, board)
            if score is not None:
                found[trial_of[members[0].run]][f"leaderboard/{submission.competition}/{board}"] = score
    return found


def waiting(folder: SweepFolder) -> list[Path]:
    """Offline runs that were not uploaded yet: wandb leaves a file `*.synced` beside those that were."""
    runs = sorted((folder.path / "wandb").glob("offline-run-*"))
    return [run for run in runs if not any(run.glob("*.wandb.synced"))]


def upload(runs: list[Path]) -> None:
    """Send offline runs to the server, oldest first.

    Raises:
        ResourceError: wandb refused or failed; what was sent before stays sent.
    """
    command = [sys.executable, "-m", "wandb", "sync", "--yes", *map(str, runs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = ((done.stderr + done.stdout).strip().splitlines() or ["no reason given"])[-1]
        raise ResourceError(f"wandb sync: {last}. Try: the same command again, it sends what is left")
