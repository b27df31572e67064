"""Gathers the evidence from the results folder: submissions, the ledgers of their runs, stored predictions."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.leaderboard.aggregates import aggregates
from analysis.leaderboard.evidence import SCORE, SETTING, Evidence
from analysis.metrics.names import direction as metric_direction
from analysis.metrics.names import metric_refusal
from analysis.proxies.names import proxy_direction
from analysis.records.submissions import Member, Submission, read_submissions
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, sweep_folder

NOT_SETTINGS = ("seed", "data.fold")
"""Fields in which repeats of one configuration differ."""


@dataclass(frozen=True)
class _Run:
    """A member with what is on record of it."""

    member: Member
    plan: RunPlan
    trial: str
    epochs: list[dict[str, Any]]
    predictions: Path

    @property
    def submitted(self) -> int:
        """The epoch that was submitted, from 1."""
        return int(self.member.epoch or self._kept)

    @property
    def stored(self) -> bool:
        """Whether the predictions on file are those that were submitted: they are of the kept epoch."""
        return self.submitted == self._kept and self.predictions.exists()

    @property
    def _kept(self) -> int:
        return int(self.epochs[-1].get("kept_epoch") or len(self.epochs))


def collect_evidence(results: Path, competition: str) -> Evidence:
    """Every submission to a competition whose runs are on record.

    Raises:
        RecordsError: a record is damaged.
    """
    return evidence_of(results, competition, read_submissions(results, competition))


def evidence_of(results: Path, competition: str, submissions: Iterable[Submission]) -> Evidence:
    """The same of given submissions; one without a number is on no record yet, and goes by its name alone.

    Raises:
        RecordsError: a record is damaged.
    """
    plans: dict[str, dict[str, tuple[str, RunPlan]]] = {}
    rows, predictions, left_out = {}, {}, []
    for submission in submissions:
        found = _runs(results, submission, plans)
        name = submission_name(submission)
        if isinstance(found, str):
            left_out.append(f"{name}: {found}")
            continue
        rows[name] = _row(submission, found)
        if all(run.stored for run in found):
            predictions[name] = tuple(run.predictions for run in found)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table = _without_constant_settings(table)
    names = [str(column).removeprefix(SCORE) for column in table if str(column).startswith(SCORE)]
    directions = {name: score_direction(name) for name in names}
    return Evidence(competition, table, directions, predictions, tuple(left_out))


def submission_name(submission: Submission) -> str:
    """As its row is called."""
    return f"{submission.number} {submission.name}" if submission.number else submission.name


def score_direction(name: str) -> str:
    """Which way a candidate score is better: `val/loss|best` is min."""
    metric = name.partition("|")[0]
    return proxy_direction(metric) if metric_refusal(metric) else metric_direction(metric)


def _runs(results: Path, submission: Submission, plans: dict[str, dict[str, tuple[str, RunPlan]]]) -> list[_Run] | str:
    """The members on record, or why they can't be used."""
    if not submission.members:
        return "no run of it is on record"
    found = []
    for member in submission.members:
        folder = sweep_folder(results, member.sweep)
        if member.sweep not in plans:
            plans[member.sweep] = _plans(folder)
        if member.run not in plans[member.sweep]:
            return f"the run {member.run} of {member.sweep} is gone"
        trial, plan = plans[member.sweep][member.run]
        epochs = folder.ledger(member.run).epochs()
        if not epochs or len(epochs) < (member.epoch or 0):
            return f"the run {member.run} of {member.sweep} has {len(epochs)} epochs on record"
        stored = results / "predictions" / member.sweep / f"{member.run}.parquet"
        found.append(_Run(member, plan, trial, epochs, stored))
    return found


def _plans(folder: SweepFolder) -> dict[str, tuple[str, RunPlan]]:
    trials = [plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage)]
    return {run.key: (trial.name, run) for trial in trials for run in trial.runs}


def _row(submission: Submission, runs: Sequence[_Run]) -> dict[str, Any]:
    first = runs[0]
    settings = [_flat(run.plan.spec) for run in runs]
    shared = {path: value for path, value in settings[0].items() if all(own.get(path) == value for own in settings)}
    protocols = {run.epochs[-1]["protocol"] for run in runs}
    return {
        "public": math.nan if submission.public is None else submission.public,
        "private": math.nan if submission.private is None else submission.private,
        "protocol": "+".join(sorted(protocols)),
        "configuration": _digest([{k: v for k, v in own.items() if k not in NOT_SETTINGS} for own in settings]),
        "seed": first.plan.seed if len(runs) == 1 else None,
        "fold": first.plan.fold if len(runs) == 1 else None,
        "members": len(runs),
        "runs": [run.plan.key for run in runs],
        "sweep": first.member.sweep,
        "command": f"platform results {first.member.sweep}",
        **_scores(runs),
        **{SETTING + path: value for path, value in shared.items() if path not in NOT_SETTINGS},
        SETTING + "post_processing": submission.post_processing,
    }


def _scores(runs: Sequence[_Run]) -> dict[str, float]:
    per_run = [aggregates([epoch["metrics"] for epoch in run.epochs], run.submitted) for run in runs]
    names = [name for name in per_run[0] if all(name in own for own in per_run)]
    return {SCORE + name: sum(own[name] for own in per_run) / len(per_run) for name in names}


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A resolved spec as dotted paths; lists as text, so that they compare."""
    found: dict[str, Any] = {}
    for name, value in spec.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            found |= _flat(value, f"{path}.")
        else:
            found[path] = json.dumps(value) if isinstance(value, list) else value
    return found


def _without_constant_settings(table: pd.DataFrame) -> pd.DataFrame:
    """Settings that are the same in all submissions say nothing; nor does one that a single other choice brings."""
    constant = [
        column
        for column in table
        if str(column).startswith(SETTING) and len(set(map(str, table[column].fillna("")))) < 2
    ]
    return table.drop(columns=constant)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
