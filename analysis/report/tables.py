"""The tables of the page, as text; the template escapes every cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.confirmation import Finalist, finalists
from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import visible
from analysis.report.trial_text import complete_trials
from analysis.report.words import DASH, count, duration, number, signed, with_interval
from analysis.search_parameters import SearchParameter, search_parameters, value_text

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
    parameters = search_parameters(tables)
    header = ["trial", objective.metric, "spread", "epochs", "state", *(p.path for p in parameters)]
    rows = [_trial_row(row, parameters) for _, row in shown.iterrows()]
    numeric = [True, True, True, True, False, *(not p.is_choice for p in parameters)]
    return _table(header, rows, numeric, marked=frozenset({0} if shown.iloc[0]["state"] == "complete" else ()))


def confirm_table(tables: SweepTables) -> Table | None:
    """Return the finalists, a row each, the split schemes side by side; None without a confirm stage."""
    by_split = finalists(tables)
    if not by_split:
        return None
    header, numeric = ["trial", "in the search"], [True, True]
    for split in by_split:
        header += [f"{split}: mean ± 95 %", "n", "behind the leader, paired"]
        numeric += [True, True, True]
    searched = tables.stage_trials("search").set_index("trial")["score"]
    order = [finalist.candidate for finalist in next(iter(by_split.values()))]
    order += sorted({f.candidate for ranked in by_split.values() for f in ranked} - set(order))
    rows = [_finalist_row(candidate, by_split, searched) for candidate in order]
    return _table(header, rows, numeric)


def states_table(tables: SweepTables) -> Table:
    """Return how many trials of each stage ended how, with their epochs and training time."""
    keys = tables.trials
    rows = []
    for (stage, state), group in keys.groupby(["stage", "state"], sort=False):
        times = [str(int(group["epochs"].sum())), duration(float(group["seconds"].sum()))]
        rows.append([str(stage), state_word(state), str(len(group)), *times])
    rows.sort(key=lambda row: (row[0] != "search", -int(row[2])))
    total = [str(int(keys["epochs"].sum())), duration(float(keys["seconds"].sum()))] if len(keys) else ["0", "0 s"]
    return _table(
        ["stage", "state", "trials", "epochs", "training time"],
        [*rows, ["all", "", str(len(keys)), *total]],
        [False, False, True, True, True],
        marked=frozenset({len(rows)}),
    )


def failures_table(tables: SweepTables) -> Table | None:
    """Return every trial that failed or diverged with its reason; None when all went well."""
    bad = tables.trials[tables.trials["state"].isin(["failed", "diverged"])]
    if bad.empty:
        return None
    parameters = search_parameters(tables)
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
    values = [value_text(trial.get(p.column)) for p in parameters]
    return [
        str(trial["trial"]),
        number(float(trial["score"])),
        number(float(trial["score_sd"])),
        str(int(trial["epochs"])),
        state_word(trial["state"]),
        *(DASH if value == "null" else value for value in values),
    ]


def _finalist_row(candidate: int, by_split: dict[str, list[Finalist]], searched: pd.Series) -> list[str]:
    row = [str(candidate), number(float(searched.get(candidate, float("nan"))))]
    for ranked in by_split.values():
        row += _finalist_cells(next((f for f in ranked if f.candidate == candidate), None))
    return row


def _finalist_cells(finalist: Finalist | None) -> list[str]:
    if finalist is None:
        return [DASH, "0", DASH]
    failed = f" ({count(finalist.n_failed, 'run')} without a score)" if finalist.n_failed else ""
    behind = "leads" if finalist.behind is None else signed(finalist.behind) + (" tie" if finalist.tied else "")
    return [with_interval(finalist.score), f"{finalist.score.n}{failed}", behind]


def _failure_row(trial: pd.Series, parameters: Sequence[SearchParameter]) -> list[str]:
    given = trial.get("error")
    fallback = "the loss was no longer a finite number" if trial["state"] == "diverged" else "no reason was recorded"
    values = {p.path: value_text(trial.get(p.column)) for p in parameters}
    return [
        str(trial["trial"]),
        str(trial["state"]),
        str(int(trial["epochs"])),
        fallback if given is None or pd.isna(given) or not str(given).strip() else str(given),
        ", ".join(f"{path} = {value}" for path, value in values.items() if value != "null"),
    ]


def _table(
    header: list[str], rows: list[list[str]], numeric: list[bool], marked: frozenset[int] = frozenset()
) -> Table:
    """Spell out invisible characters in every cell."""
    return Table([visible(h) for h in header], [[visible(cell) for cell in row] for row in rows], numeric, marked)
