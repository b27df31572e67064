"""The parameters of a sweep, searched or derived: their kind, scale and condition, and their value in each trial."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.records.sweep_tables import SweepTables

COLUMN_PREFIX = "param."
VARIABLE_PREFIX = "$"
"""Of what a sweep file searches only to derive settings from it."""
NULL = "null"
FEW = 8
"""A derived setting with so many values or fewer is shown as if it were chosen from them."""
DECADE = 10.0
"""Derived values that are this many times apart or more are shown on a logarithmic scale."""
Condition = Mapping[str, tuple[str, ...]]
"""Path -> the values for which it holds, as texts; all paths must hold."""
_NAME = re.compile(r"(?<![\w.$])\$?[A-Za-z_][\w.]*")
"""A setting or variable in a formula."""


@dataclass(frozen=True)
class SearchParameter:
    """One setting that differs between trials."""

    path: str
    entries: tuple[Mapping[str, Any], ...]
    """its specs, one per condition; empty when only the trials name it"""
    choices: tuple[Any, ...]
    is_choice: bool
    is_log: bool
    """whether its values belong on a logarithmic scale"""
    formula: str = ""
    """what a derived one is computed by; "" for a searched one"""

    @property
    def column(self) -> str:
        """Return the column of the trials table."""
        return COLUMN_PREFIX + self.path

    @property
    def is_conditional(self) -> bool:
        """Tell whether some trials leave the parameter out."""
        return bool(self.entries) and all(entry.get("when") for entry in self.entries)

    def condition_text(self) -> str:
        """Return the condition in words, "" without one."""
        if not self.is_conditional:
            return ""
        return _conditions_text([_allowed_by_path(entry["when"]) for entry in self.entries])

    def active(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Return the trials that have a value of the parameter, the choice null included."""
        if self.column not in trials:
            return trials.iloc[:0]
        if None not in self.choices:
            return trials[trials[self.column].notna()]
        # An empty cell is that choice, or left out by a condition.
        return trials[[self.text_in(row) is not None for row in trials.to_dict("records")]]

    def labels(self, trials: pd.DataFrame) -> list[str]:
        """Return the value of each trial as text; the labels of choices are the same for 512 and 512.0."""
        return [self._label(value) for value in trials[self.column]]

    def text_in(self, trial: Mapping[Any, Any]) -> str | None:
        """Return the value in one row of the trials table as text, None where the trial leaves the parameter out."""
        label = self._label(trial.get(self.column))
        return label if label != NULL or self._may_be_null(trial) else None

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

    def _may_be_null(self, trial: Mapping[Any, Any]) -> bool:
        entry = self.entry_of(trial)
        return entry is not None and None in entry.get("choice", ())

    def _label(self, value: Any) -> str:
        text = value_text(value)
        # Tables of earlier versions hold lists as Python writes them.
        return next((value_text(c) for c in self.choices if isinstance(c, list | dict) and str(c) == text), text)


def search_parameters(tables: SweepTables) -> list[SearchParameter]:
    """Return the searched parameters in the order of the definition, then those that only the trials table names.

    Derived settings are none: what follows from others is not varied by itself, and would take their credit.
    """
    search, derived = tables.definition.get("search") or {}, tables.definition.get("derive") or {}
    columns = [c for c in tables.trials.columns if isinstance(c, str) and c.startswith(COLUMN_PREFIX)]
    paths = dict.fromkeys([*search, *(column.removeprefix(COLUMN_PREFIX) for column in columns)])
    return [_parameter(path, search.get(path), tables.trials) for path in paths if path not in derived]


def derived_parameters(tables: SweepTables) -> list[SearchParameter]:
    """Return the settings that are computed from others and differ between trials, in the order of the definition."""
    formulas = {path: str(formula) for path, formula in (tables.definition.get("derive") or {}).items()}
    found = [_derived(path, formula, _values(path, tables.trials)) for path, formula in formulas.items()]
    return [parameter for parameter in found if parameter is not None]


def shown_parameters(tables: SweepTables) -> list[SearchParameter]:
    """Return all that tells trials apart: what was searched, then what was derived from it."""
    return [*search_parameters(tables), *derived_parameters(tables)]


def derivation_sources(tables: SweepTables, path: str) -> list[str]:
    """Return the searched parameters that a derived setting follows from, in the end, in the order of the definition.

    Empty for a setting that is not derived.
    """
    search, derive = tables.definition.get("search") or {}, tables.definition.get("derive") or {}
    found, waiting = {path}, [path]
    while waiting:
        named = set(_NAME.findall(str(derive.get(waiting.pop(), "")))) - found
        found |= named
        waiting += named
    return [source for source in search if source in found - {path}]


def of_one_configuration(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials whose score is that of their settings: those that took over from no other of a population."""
    return trials[trials["exploits"] == 0] if "exploits" in trials else trials


def value_text(value: Any) -> str:
    """Return a parameter's value as a person writes it in YAML: ``true``, ``null``, 512, 0.0003, bce."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return NULL
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
    values = _values(path, trials)
    numeric = all(isinstance(v, int | float | np.number) and not isinstance(v, bool | np.bool_) for v in values)
    is_choice = bool(choices) or not numeric
    is_log = not is_choice and any("log" in kind for entry in entries for kind in _kinds(entry))
    return SearchParameter(path, entries, choices, is_choice, is_log)


def _derived(path: str, formula: str, values: pd.Series) -> SearchParameter | None:
    """Return how a derived setting is shown, as choices where it has few values; None where all trials have one."""
    distinct = tuple(sorted(values.unique()))
    if len(distinct) < 2:
        return None
    if len(distinct) <= FEW:
        return SearchParameter(path, (), distinct, is_choice=True, is_log=False, formula=formula)
    is_log = distinct[0] > 0 and distinct[-1] / distinct[0] >= DECADE
    return SearchParameter(path, (), (), is_choice=False, is_log=bool(is_log), formula=formula)


def _values(path: str, trials: pd.DataFrame) -> pd.Series:
    column = COLUMN_PREFIX + path
    return trials[column].dropna() if column in trials else pd.Series(dtype=float)


def _kinds(entry: Mapping[str, Any]) -> list[str]:
    return [key for key in entry if key != "when"]


def _allowed_by_path(when: Mapping[str, Any]) -> Condition:
    """Return the values that a condition allows, as texts by path."""
    return {
        path: tuple(map(value_text, allowed if isinstance(allowed, list) else [allowed]))
        for path, allowed in when.items()
    }


def _conditions_text(conditions: list[Condition]) -> str:
    """Return in words where one of several conditions holds; what they share is said once."""
    conditions = _joined(conditions)
    shared = {path: values for path, values in conditions[0].items() if all(c.get(path) == values for c in conditions)}
    rests = [{path: values for path, values in c.items() if path not in shared} for c in conditions]
    if not all(rests):  # one of them asks for nothing more
        return _all_of(shared)
    if not shared:
        return " or ".join(map(_all_of, rests))
    either = " or ".join(f"({_all_of(rest)})" if len(rest) > 1 else _all_of(rest) for rest in rests)
    return f"{_all_of(shared)}, and {either}"


def _joined(conditions: list[Condition]) -> list[Condition]:
    """Return the conditions with those that differ in one path's values alone as one that allows both's."""
    for number, one in enumerate(conditions):
        for other in conditions[number + 1 :]:
            differing = [path for path in one if one[path] != other.get(path)]
            if one.keys() == other.keys() and len(differing) <= 1:
                both = {path: tuple(dict.fromkeys((*one[path], *other[path]))) for path in one}
                return _joined([both if each is one else each for each in conditions if each is not other])
    return conditions


def _all_of(condition: Condition) -> str:
    return " and ".join(f"{path} is {' or '.join(values)}" for path, values in condition.items())


def _met(value: Any, allowed: Any) -> bool:
    accepted = allowed if isinstance(allowed, list) else [allowed]
    return value_text(value) in {value_text(each) for each in accepted}
