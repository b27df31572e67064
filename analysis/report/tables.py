"""The tables of the page, as text; the template escapes every cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.confirmation import Finalist, finalists
from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep_tables import SweepTables, training_seconds
from analysis.report.escape import visible
from analysis.report.trial_text import complete_trials, parameters_of
from analysis.report.words import DASH, duration, number, signed, with_interval
from analysis.search_parameters import SearchParameter, shown_parameters

TOP = 10


@dataclass(frozen=True)
class Table:
    """``header`` and ``rows`` of text; ``numeric`` marks the columns to align right; ``marked`` the rows to stress."""

    header: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    marked: frozenset[int] = frozenset()


def best_trials_table(tables: SweepTables) -> Table | None:
    """Return the ten best search trials: complete ones first, as the score of a stopped one is from fewer epochs."""
    trials, objective = tables.stage_trials("search"), Objective.of(tables.definition)
    stopped = objective.best_first(trials[(trials["state"] == "pruned") & np.isfinite(trials["score"].astype(float))])
    shown = pd.concat([complete_trials(tables), stopped]).head(TOP)
    if shown.empty:
        return None
    parameters = shown_parameters(tables)
    header = ["trial", objective.metric, "spread", "epochs", "state", *(p.path for p in parameters)]
    rows = [_trial_row(row, parameters) for _, row in shown.iterrows()]
    numeric = [True, True, True, True, False, *(not p.is_choice for p in parameters)]
    return _table(header, rows, numeric, marked=frozenset({0} if shown.iloc[0]["state"] == "complete" else ()))


def confirm_table(tables: SweepTables) -> Table | None:
    """Return the finalists under each split scheme, best first; None without a confirm stage."""
    by_split = finalists(tables)
    if not by_split:
        return None
    searched = tables.stage_trials("search").set_index("trial")["score"]
    rows = [_finalist_row(finalist, searched) for ranked in by_split.values() for finalist in ranked]
    return _table(
        ["folds", "trial", "in the search", "mean ± 95 %", "behind the leader, paired", "runs"],
        rows,
        [False, True, True, True, True, True],
    )


def states_table(tables: SweepTables) -> Table:
    """Return how many trials of each stage ended how, with their epochs and training time.

    Epochs and seconds are those that runs took in this sweep; of a run that trials share, with the first of them.
    """
    trials, epochs = tables.trials, tables.own_epochs()
    rows = []
    for (stage, state), group in trials.groupby(["stage", "state"], sort=False):
        own = epochs[(epochs["stage"] == stage) & epochs["trial"].isin(group["trial"])]
        rows.append([str(stage), state_word(state), str(len(group)), str(len(own)), duration(training_seconds(own))])
    rows.sort(key=lambda row: (row[0] != "search", -int(row[2])))
    return _table(
        ["stage", "state", "trials", "epochs", "training time"],
        [*rows, ["all", "", str(len(trials)), str(len(epochs)), duration(training_seconds(epochs))]],
        [False, False, True, True, True],
        marked=frozenset({len(rows)}),
    )


def failures_table(tables: SweepTables) -> Table | None:
    """Return every trial that failed or diverged with its reason; None when all went well."""
    bad = tables.trials[tables.trials["state"].isin(["failed", "diverged"])]
    if bad.empty:
        return None
    parameters = shown_parameters(tables)
    rows = [_failure_row(row, parameters) for _, row in bad.iterrows()]
    return _table(["trial", "state", "epochs", "reason", "parameters"], rows, [True, False, True, False, False])


def checks_table(tables: SweepTables) -> Table | None:
    """Return what the preflight checks found, allowed errors first; None when they found nothing."""
    found = sorted(tables.checks, key=lambda finding: (not finding.allowed, finding.code))
    if not found:
        return None
    rows = [[f.code, "ALLOWED ERROR" if f.allowed else f.severity, f.title, f.evidence, f.fix] for f in found]
    marked = frozenset(place for place, finding in enumerate(found) if finding.allowed)
    return _table(["check", "severity", "what", "evidence", "fix"], rows, [False] * 5, marked)


def _trial_row(trial: pd.Series, parameters: Sequence[SearchParameter]) -> list[str]:
    values = parameters_of(trial, parameters)
    return [
        str(trial["trial"]),
        number(float(trial["score"])),
        number(float(trial["score_sd"])),
        str(int(trial["epochs"])),
        state_word(trial["state"]),
        *(values.get(p.path, DASH) for p in parameters),
    ]


def _finalist_row(finalist: Finalist, searched: pd.Series) -> list[str]:
    lost = ", ".join(f"{n} {state_word(why)}" for why, n in finalist.missing.items())
    return [
        finalist.split,
        str(finalist.candidate),
        number(float(searched.get(finalist.candidate, float("nan")))),
        with_interval(finalist.score),
        _behind_cell(finalist),
        f"{finalist.score.n} of {finalist.planned}: {lost}" if lost else str(finalist.score.n),
    ]


def _behind_cell(finalist: Finalist) -> str:
    if not finalist.score.n:
        return DASH
    if finalist.behind is None:
        return "leads"
    return signed(finalist.behind) + (" tie" if finalist.tied else "")


def _failure_row(trial: pd.Series, parameters: Sequence[SearchParameter]) -> list[str]:
    given = trial.get("error")
    fallback = "the loss was no longer a finite number" if trial["state"] == "diverged" else "no reason was recorded"
    return [
        str(trial["trial"]),
        str(trial["state"]),
        str(int(trial["epochs"])),
        fallback if given is None or pd.isna(given) or not str(given).strip() else str(given),
        ", ".join(f"{path} = {value}" for path, value in parameters_of(trial, parameters).items()),
    ]


def _table(
    header: list[str], rows: list[list[str]], numeric: list[bool], marked: frozenset[int] = frozenset()
) -> Table:
    """Spell out invisible characters in every cell."""
    return Table([visible(h) for h in header], [[visible(cell) for cell in row] for row in rows], numeric, marked)
