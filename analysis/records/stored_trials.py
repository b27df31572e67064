"""The trials that a person names, `SWEEP` or `SWEEP:TRIAL`, with the predictions that are stored of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import UserError
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan, sweep_folder, sweep_names

MOST_NAMED = 8
"""In a message."""


@dataclass(frozen=True)
class StoredTrial:
    """A complete trial."""

    name: str
    """`loss:7`, or `loss:confirm-0002`"""
    files: tuple[Path, ...]
    """stored predictions of its runs: folds, and repeats"""
    spec: dict[str, Any]
    """of its first run, as resolved"""
    settings: dict[str, Any]
    """what the search set, by dotted path"""


def find_trials(results: Path, asked: Sequence[str]) -> list[StoredTrial]:
    """The named trials; a sweep without a trial stands for all complete trials of its search.

    A trial is its number in the search, or its name on record (`search-0007`, `confirm-0002`). One that is named twice
    is there once.

    Raises:
        UserError: no such sweep or trial, a trial that did not complete or whose runs have several split schemes.
    """
    found: dict[str, StoredTrial] = {}
    for text in asked:
        sweep, _, trial = text.partition(":")
        for plan in _plans(results, sweep, trial):
            stored = _stored(results, sweep, plan)
            found[stored.name] = stored
    return list(found.values())


def _plans(results: Path, sweep: str, trial: str) -> list[TrialPlan]:
    if sweep not in sweep_names(results):
        known = _few(sweep_names(results))
        raise UserError(f"no sweep is called {sweep!r} in {results}. Known: {known}. Try: one of those")
    plans = _complete(sweep_folder(results, sweep))
    if not trial:
        return [plan for plan in plans.values() if plan.stage == SEARCH]
    name = f"{SEARCH}-{int(trial):04d}" if trial.isdecimal() else trial
    if name not in plans:
        raise UserError(f"{sweep} has no complete trial {trial!r}. Complete: {_few(list(plans))}. Try: one of those")
    return [plans[name]]


def _few(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (", ".join(names[:MOST_NAMED]) or "none") + more


def _complete(folder: SweepFolder) -> dict[str, TrialPlan]:
    trials = [both for stage in (SEARCH, CONFIRM) for both in folder.trials(stage)]
    return {plan.name: plan for plan, end in trials if end and end.state == "complete"}


def _stored(results: Path, sweep: str, plan: TrialPlan) -> StoredTrial:
    name = f"{sweep}:{plan.number if plan.stage == SEARCH else plan.name}"
    schemes = sorted({run.split for run in plan.runs})
    if len(schemes) > 1:  # a clip's mean over them would be out of fold of neither
        raise UserError(f"{name} has runs under the splits {', '.join(schemes)}. Try: a trial of the search")
    files = tuple(results / "predictions" / sweep / f"{run.key}.parquet" for run in plan.runs)
    return StoredTrial(name, files, plan.runs[0].spec, plan.settings)
