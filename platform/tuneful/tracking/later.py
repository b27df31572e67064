"""What a sweep's mirror missed, written from the ledger; leaderboard scores; and the upload of runs kept offline.

Whoever calls this holds the sweep's lock: a running mirror keeps its state in memory, and would write over it.
"""

import json
import math
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import RecordsError
from analysis.records.submissions import Submission, read_submissions
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from analysis.records.tables import collect
from tuneful.errors import ResourceError
from tuneful.tracking.listener import as_table
from tuneful.tracking.messages import Messages
from tuneful.tracking.mirror import digest_of
from tuneful.tracking.processes import wandb_command, wandb_environment
from tuneful.tracking.state import offline_parts, read_state

NOT_METRICS = frozenset({"trial", "candidate", "fold", "seed", "repeat", "epoch", "attempt"})
"""Number columns of the epochs table that say where an epoch belongs."""


def write_missing(folder: SweepFolder, results: Path, spec: dict[str, Any]) -> int:
    """Write offline runs for what isn't mirrored yet; returns how many trials got something new.

    Raises:
        ResourceError: wandb's process failed; its last words are named.
    """
    lines = list(missing(folder, results, spec["checkpoints"]))
    if not lines:
        return 0
    asked = [str(folder.path.absolute()), json.dumps(spec), "offline"]
    done = _run(folder, wandb_command("tuneful.tracking.mirror", *asked), "\n".join(lines))
    if done.returncode:
        raise ResourceError(f"{folder.path}: wandb could not write its runs ({_last(done)}). Try: platform doctor")
    return len({told["trial"] for told in map(json.loads, lines) if "trial" in told})


def missing(folder: SweepFolder, results: Path, checkpoints: bool = False) -> Iterator[str]:
    """Lines about ended trials that aren't mirrored whole, the tables if they have changed, and new scores."""
    messages, state = Messages(folder, checkpoints), read_state(folder.path)
    tables = collect(folder, "interrupted")
    for stage in (SEARCH, CONFIRM):
        for plan, end in folder.trials(stage):
            if end is not None and state.ended.get(plan.name) != end.state:
                yield from _whole_trial(messages, plan, end, tables.epochs)
    line = messages.tables({"trials": as_table(tables.trials)})
    if len(tables.trials) and digest_of(json.loads(line)["tables"]) != state.tables:
        yield line
    for trial, values in _scores(folder, read_submissions(results)).items():
        if state.scores.get(trial) != values:
            yield messages.scores(trial, values)


def _whole_trial(messages: Messages, plan: TrialPlan, end: TrialEnd, epochs: pd.DataFrame) -> Iterator[str]:
    yield messages.started(plan)
    scores = dict(end.scores)
    own = epochs[(epochs["trial"] == plan.number) & (epochs["stage"] == plan.stage)] if len(epochs) else epochs
    columns = [column for column in own.select_dtypes("number") if column not in NOT_METRICS]
    for epoch in sorted(map(int, own["epoch"].unique())):
        means = own[own["epoch"] == epoch][columns].dropna(axis="columns").mean()
        metrics = {str(name): float(value) for name, value in means.items()}
        yield messages.epoch(plan, epoch, scores.get(epoch, math.nan), metrics)
    yield messages.ended(plan, end)


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
    """Whole offline runs that were not uploaded yet: wandb leaves a file `*.synced` beside those that were."""
    parts = offline_parts(folder.path)
    whole = read_state(folder.path).parts if parts else set()
    return [part for part in parts if part.name in whole and not any(part.glob("*.wandb.synced"))]


def upload(folder: SweepFolder) -> int:
    """Send the offline runs that wait to the server; returns how many. The parts of one run go in order.

    Raises:
        RecordsError: not all of them were sent; says which are left, and wandb's reason.
    """
    runs = waiting(folder)
    files = [f"wandb/{run.name}" for run in runs]
    done = _run(folder, wandb_command("wandb", "sync", *files)) if runs else None
    left = waiting(folder)  # wandb ends with 0 also where it could not send
    if left and done:
        raise RecordsError(
            f"{folder.name}: {len(left)} of {len(runs)} runs were not uploaded "
            f"({', '.join(run.name for run in left[:3])}{', ...' if len(left) > 3 else ''}): {_last(done)}. "
            "Try: the same command again, it sends what is left"
        )
    return len(runs)


def _run(folder: SweepFolder, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    environment = wandb_environment(folder.path)
    return subprocess.run(command, cwd=folder.path, env=environment, input=text, capture_output=True, text=True)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """What a process gave as its reason: its last error, else its last line."""
    lines = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
    errors = [line for line in lines if "ERROR" in line]
    return (errors or lines)[-1].removeprefix("wandb: ").removeprefix("ERROR ").rstrip(".")
