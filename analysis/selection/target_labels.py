"""A table of labelled target windows: what a person heard in some of the windows that were given without labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import UserError

COLUMNS = ("clip_id", "start_s", "labels")
SEPARATOR = ";"


@dataclass(frozen=True)
class TargetLabels:
    """Labelled windows."""

    clip_ids: tuple[str, ...]
    """(windows,) the recording of each"""
    start_s: np.ndarray
    """(windows,)"""
    targets: np.ndarray
    """(windows, classes) bool"""


def read_target_labels(path: Path, classes: Sequence[str]) -> TargetLabels:
    """Read a CSV or Parquet table of clip_id, start_s, labels.

    Labels are separated by `;` (in Parquet they may be lists); a window where nothing is heard has none.

    Args:
        path: of the table.
        classes: of the predictions, in their order.

    Raises:
        UserError: no such table, a column is missing, a label is no class, a window is there twice.
    """
    table = _read(path)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        has = ", ".join(map(str, table.columns[:8])) or "none"
        raise UserError(f"{path}: want the columns {', '.join(COLUMNS)}, without {', '.join(missing)}, got: {has}")
    labels = [_labels(cell) for cell in table["labels"]]
    _check_labels(path, labels, classes)
    clip_ids, start_s = tuple(table["clip_id"].astype(str)), _starts(path, table["start_s"])
    _check_once(path, clip_ids, start_s)
    targets = np.array([[name in own for name in classes] for own in labels], dtype=bool).reshape(-1, len(classes))
    return TargetLabels(clip_ids, start_s, targets)


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such table. Try: --target-labels labels.csv") from None
    except (OSError, ValueError) as error:  # pyarrow's and pandas' errors of content are ValueErrors
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: can't be read as a table ({reason}). Try: a CSV of {', '.join(COLUMNS)}") from error


def _labels(cell: object) -> frozenset[str]:
    parts = cell.split(SEPARATOR) if isinstance(cell, str) else [str(part) for part in np.atleast_1d(np.asarray(cell))]
    return frozenset(part.strip() for part in parts if part.strip())


def _check_labels(path: Path, labels: Sequence[frozenset[str]], classes: Sequence[str]) -> None:
    known = frozenset(classes)
    for number, own in enumerate(labels, 1):
        if strange := sorted(own - known):
            raise UserError(
                f"{path}: row {number}: {strange[0]!r} is no class of the predictions ({len(known)} classes, such as "
                f"{', '.join(list(classes)[:3])}). Try: several labels as a{SEPARATOR}b, none as an empty cell"
            )


def _starts(path: Path, cells: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise UserError(f"{path}: row {row + 1}: start_s is {cells.iloc[row]!r}, want a number of seconds")
    return numbers


def _check_once(path: Path, clip_ids: Sequence[str], start_s: np.ndarray) -> None:
    keys = pd.MultiIndex.from_arrays([list(clip_ids), start_s.round(3)])
    if not keys.is_unique:
        clip, start = keys[keys.duplicated()][0]
        raise UserError(f"{path}: the window of {clip} at {start:g} s is there twice, want it once")
