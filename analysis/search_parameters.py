"""The searched parameters of a sweep: their kind, their scale, their condition, and their value in each trial."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.records.sweep_tables import SweepTables

COLUMN_PREFIX = "param."


@dataclass(frozen=True)
class SearchParameter:
    """One searched parameter. ``entries``: its specs, one per condition; empty when only the trials name it."""

    path: str
    entries: tuple[Mapping[str, Any], ...]
    choices: tuple[Any, ...]
    is_choice: bool

    @property
    def column(self) -> str:
        """Return the column of the trials table."""
        return COLUMN_PREFIX + self.path

    @property
    def is_log(self) -> bool:
        """Tell whether the range is searched on a logarithmic scale."""
        return not self.is_choice and any("log" in kind for entry in self.entries for kind in _kinds(entry))

    @property
    def is_conditional(self) -> bool:
        """Tell whether some trials leave the parameter out."""
        return bool(self.entries) and all(entry.get("when") for entry in self.entries)

    def condition_text(self) -> str:
        """Return the condition in words, "" without one."""
        if not self.is_conditional:
            return ""
        return " or ".join(
            " and ".join(f"{path} is {_any_of(allowed)}" for path, allowed in entry["when"].items())
            for entry in self.entries
        )

    def active(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Return the trials that have a value of the parameter."""
        if self.column not in trials:
            return trials.iloc[:0]
        if not self.is_conditional and any(choice is None for choice in self.choices):
            return trials  # here an empty cell is the choice "null"
        return trials[trials[self.column].notna()]

    def labels(self, trials: pd.DataFrame) -> list[str]:
        """Return the value of each trial as text; the labels of choices are the same for 512 and 512.0."""
        return [value_text(value) for value in trials[self.column]]

    def choice_labels(self, trials: pd.DataFrame) -> list[str]:
        """Return every choice as text: in the order of the definition, then what only the trials hold."""
        seen = [value_text(choice) for choice in self.choices] + self.labels(self.active(trials))
        return list(dict.fromkeys(seen))

    def entry_of(self, trial: Mapping[Any, Any]) -> Mapping[str, Any] | None:
        """Return the spec that holds for one row of the trials table, or None."""
        for entry in self.entries:
            when = entry.get("when") or {}
            if all(_met(trial.get(COLUMN_PREFIX + path), allowed) for path, allowed in when.items()):
                return entry
        return None


def search_parameters(tables: SweepTables) -> list[SearchParameter]:
    """Return the parameters in the order of the definition, then those that only the trials table names."""
    search = tables.definition.get("search") or {}
    columns = [c for c in tables.trials.columns if isinstance(c, str) and c.startswith(COLUMN_PREFIX)]
    paths = list(dict.fromkeys([*search, *(column.removeprefix(COLUMN_PREFIX) for column in columns)]))
    return [_parameter(path, search.get(path), tables.trials) for path in paths]


def of_one_configuration(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials whose score is that of their settings: those that took over from no other of a population."""
    return trials[trials["exploits"] == 0] if "exploits" in trials else trials


def value_text(value: Any) -> str:
    """Return a parameter's value as a person writes it in YAML: ``true``, ``null``, 512, 0.0003, bce."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "null"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return f"{number:.10g}" if number.is_integer() and abs(number) < 1e9 else f"{number:.4g}"
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _parameter(path: str, spec: Any, trials: pd.DataFrame) -> SearchParameter:
    entries = tuple(entry for entry in (spec if isinstance(spec, list) else [spec]) if isinstance(entry, Mapping))
    choices = tuple(choice for entry in entries for choice in entry.get("choice", ()))
    column = COLUMN_PREFIX + path
    values = trials[column].dropna() if column in trials else pd.Series(dtype=float)
    numeric = all(isinstance(v, int | float | np.number) and not isinstance(v, bool | np.bool_) for v in values)
    return SearchParameter(path, entries, choices, is_choice=bool(choices) or not numeric)


def _kinds(entry: Mapping[str, Any]) -> list[str]:
    return [key for key in entry if key != "when"]


def _any_of(allowed: Any) -> str:
    return " or ".join(value_text(value) for value in (allowed if isinstance(allowed, list) else [allowed]))


def _met(value: Any, allowed: Any) -> bool:
    accepted = allowed if isinstance(allowed, list) else [allowed]
    return value_text(value) in {value_text(each) for each in accepted}
