"""Learning curves out of a table: a row per epoch of each training."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.objective import Objective
from tuneful.errors import SimulationError
from tuneful.simulator.curves import Curve, Curves, params_of
from tuneful.space.conditions import show_value
from tuneful.space.parameters import Space

SUFFIXES = (".parquet", ".csv")
SCORE = "score"


def curves_of_table(path: Path, space: Space, objective: Objective) -> Curves:
    """The curves in a parquet or CSV file.

    The table has a column for each searched path (empty where a condition leaves it out), `seed`, `epoch`, `seconds`
    and the objective's metric, or `score` where that is recorded as it counts. A training's epochs are 1, 2, 3, ...

    Raises:
        SimulationError: no such file, columns that are missing, epochs that are, no whole curve.
    """
    table = _read(path)
    column = objective.metric if objective.metric in table else SCORE
    _check_columns(table, path, [*space.parameters, "seed", "epoch", "seconds"], column)
    curves, outside = [], 0
    for rows in _trainings(table, space):
        first = rows.iloc[0]
        params = params_of(space, lambda one, first=first: first[one])  # type: ignore[misc]
        if params is None:
            outside += 1
            continue
        history = _history(rows, path, column)
        scores = history if column == SCORE else [objective.score(history[: i + 1]) for i in range(len(history))]
        curves.append((params, scores, rows["seconds"].to_list()))
    longest = max((len(scores) for _, scores, _ in curves), default=0)
    found = tuple(
        Curve(params, tuple(scores), tuple(seconds), len(scores) == longest or bool(np.isnan(scores[-1])))
        for params, scores, seconds in curves
    )
    return Curves(space, found, str(path), outside)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix not in SUFFIXES or not path.is_file():
        raise SimulationError(
            f"--from {path}: no sweep of the results folder is called so, and no table ({' or '.join(SUFFIXES)}) is "
            "there. Try: the name of a sweep, or a file that benchmarks/record_curves.py wrote"
        )
    try:
        if path.suffix == ".csv":  # `none` and `null` are values here: only an empty cell is missing
            return pd.read_csv(path, keep_default_na=False, na_values=[""])
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise SimulationError(f"--from {path}: not readable ({error}). Try: another table") from error


def _check_columns(table: pd.DataFrame, path: Path, needed: Sequence[str], score: str) -> None:
    missing = [name for name in (*needed, score) if name not in table]
    if missing:
        raise SimulationError(
            f"--from {path} has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}. "
            "Try: a table of this space, or a FILE that searches what the table holds"
        )
    values = pd.to_numeric(table["epoch"], errors="coerce"), pd.to_numeric(table["seconds"], errors="coerce")
    if not len(table) or any(one.isna().any() for one in values) or (values[1] < 0).any():
        raise SimulationError(f"--from {path}: epoch and seconds must be numbers in every row. Try: mend the table")


def _trainings(table: pd.DataFrame, space: Space) -> Iterator[pd.DataFrame]:
    """The rows of each training by epoch, in the order in which the table has them."""
    for _, rows in table.groupby([*space.parameters, "seed"], dropna=False, sort=False):
        yield rows.sort_values("epoch")


def _history(rows: pd.DataFrame, path: Path, column: str) -> list[float]:
    if rows["epoch"].to_list() != list(range(1, len(rows) + 1)):
        named = {name: show_value(_plain(rows.iloc[0][name])) for name in rows.columns[:6]}
        raise SimulationError(
            f"--from {path}: the epochs of {named} are {rows['epoch'].to_list()}, not 1, 2, 3, ... "
            "Try: one row per configuration, seed and epoch"
        )
    return [float(value) for value in rows[column]]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
