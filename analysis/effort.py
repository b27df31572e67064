"""What a search cost, against training every trial to its end and against a full grid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.records.sweep import SEARCH
from analysis.records.sweep_tables import SweepTables, training_seconds
from analysis.search_parameters import value_text

VALUES_OF_A_RANGE = 5
"""What a person would try of a range in a grid."""
MOST_BRANCHES = 20_000


@dataclass(frozen=True)
class Effort:
    """What the search stage trained, in epochs of single runs and in seconds; reused runs are of all stages."""

    epochs: int
    """trained in this sweep: neither taken over nor counted for two trials"""
    full: int
    """the same, had no trial been stopped before its end"""
    ends_itself: bool
    """whether complete trials ended before their planned epochs: ``full`` is then the most it could have been"""
    seconds: float
    grid: int | None
    """configurations of a full grid with `VALUES_OF_A_RANGE` values of each range; None: too many to count"""
    per_configuration: float
    """epochs of a configuration that is not stopped, all of its runs, on average"""
    reused: Mapping[str, int]
    """how many runs were taken over as they were, by the sweep that trained them"""

    @property
    def grid_epochs(self) -> int | None:
        """Epochs that the full grid would take."""
        return None if self.grid is None else round(self.grid * self.per_configuration)


def search_effort(tables: SweepTables) -> Effort | None:
    """Return what the search cost; None before any trial is complete with its epochs on record."""
    runs, definition = _search_runs(tables), tables.definition
    complete, stopped = (runs[runs["state"] == state] for state in ("complete", "pruned"))
    if complete.empty:
        return None
    trained = tables.own_epochs()
    trained = trained[trained["stage"] == SEARCH]
    of_a_trial = max(1, len(definition.get("folds") or [0])) * int(definition.get("repeats") or 1)
    return Effort(
        epochs=len(trained),
        full=int(runs.loc[runs["reused"].isna(), "end"].sum()),
        ends_itself=bool((complete["trained"] < complete["planned_epochs"]).any()),
        seconds=training_seconds(trained),
        grid=grid_size(definition.get("search") or {}),
        per_configuration=of_a_trial * float(pd.concat([complete, stopped])["end"].mean()),
        reused=_reused(tables.epochs),
    )


def _search_runs(tables: SweepTables) -> pd.DataFrame:
    """One row a run of the search: ``state`` and ``planned_epochs`` of its trial, ``reused``, ``trained`` and ``end``.

    A run that several trials share is the first one's. ``end`` is the epoch that it would have ended with had nothing
    stopped it: the planned one for a stopped run, its own for every other.
    """
    epochs, trials = tables.stage_epochs(SEARCH), tables.stage_trials(SEARCH)
    runs = epochs.drop_duplicates("run")[["run", "trial", "reused"]]
    runs = runs.merge(trials[["trial", "state", "planned_epochs"]], on="trial")
    runs["trained"] = runs["run"].map(epochs.groupby("run")["epoch"].nunique())
    stopped = runs["state"] == "pruned"
    return runs.assign(end=runs[["trained", "planned_epochs"]].max(axis=1).where(stopped, runs["trained"]))


def _reused(epochs: pd.DataFrame) -> dict[str, int]:
    counts = epochs.drop_duplicates("run")["reused"].value_counts()
    return {str(sweep): int(count) for sweep, count in counts.items()}


def grid_size(search: Mapping[str, Any], of_range: int = VALUES_OF_A_RANGE) -> int | None:
    """Return how many configurations a grid has, conditions kept; None where there are too many to count."""
    entries = {path: _as_list(spec) for path, spec in search.items()}
    parents = {path for specs in entries.values() for spec in specs for path in spec.get("when", {})}
    order = [path for path in entries if path in parents] + [path for path in entries if path not in parents]
    total = 0
    for number, count in enumerate(_branches(entries, _parents_first(order, entries), parents, {}, of_range)):
        if number >= MOST_BRANCHES:
            return None
        total += count
    return total


def _branches(
    entries: Mapping[str, Sequence[Mapping[str, Any]]],
    order: Sequence[str],
    parents: set[str],
    settings: dict[str, Any],
    of_range: int,
) -> Iterator[int]:
    """For every combination of the parents' values, in how many ways the others can be set."""
    if not order:
        yield 1
        return
    path, *rest = order
    spec = next((one for one in entries[path] if _holds(one.get("when", {}), settings)), None)
    values = _values(spec, of_range) if spec is not None else [None]
    if path not in parents:
        yield from (len(values) * count for count in _branches(entries, rest, parents, settings, of_range))
        return
    for value in values:
        known = settings if spec is None else {**settings, path: value}
        yield from _branches(entries, rest, parents, known, of_range)


def _parents_first(order: Sequence[str], entries: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Every path after those that its conditions name."""
    placed: list[str] = []
    waiting = list(order)
    while waiting:
        ready = [p for p in waiting if not _named(entries[p]) & (set(waiting) - {p})]
        placed += ready or waiting
        waiting = [path for path in waiting if path not in placed]
    return placed


def _named(specs: Sequence[Mapping[str, Any]]) -> set[str]:
    return {path for spec in specs for path in spec.get("when", {})}


def _values(spec: Mapping[str, Any], of_range: int) -> list[Any]:
    if "choice" in spec:
        return list(spec["choice"])
    if "int" in spec:
        low, high = spec["int"]
        count = (high - low) // spec.get("step", 1) + 1
        return [low + i * spec.get("step", 1) for i in range(count)] if count <= of_range else list(range(of_range))
    if "quniform" in spec:
        low, high, step = spec["quniform"]
        return list(range(min(of_range, round((high - low) / step) + 1)))
    return list(range(of_range))


def _holds(when: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    return all(
        path in settings and value_text(settings[path]) in {value_text(each) for each in _as_list(allowed)}
        for path, allowed in when.items()
    )


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
