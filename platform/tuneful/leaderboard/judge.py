"""The judge of a competition of our own: scores predictions against labels that no trainer ever sees."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.metrics import macro_auc

KEYS = ["clip_id", "start_s"]
PARTS = ("public", "private")


def judge(folder: Path, predictions: pd.DataFrame, only: Sequence[str] | None = None) -> dict[str, float]:
    """Return the public and the private macro ROC-AUC; classes that never occur in a part are left out of its mean.

    ``folder``: of the competition, with ``judge/labels.parquet`` (clip_id, start_s, labels, part).
    ``predictions``: clip_id, start_s, and one column of scores per class; every window of the test exactly once.
    ``only``: the classes that the mean is over; None: all of them.
    """
    labels = pd.read_parquet(folder / "judge" / "labels.parquet")
    labels["start_s"] = labels["start_s"].round(3)
    classes = [str(column) for column in predictions.columns if column not in KEYS]
    _check_classes(labels, classes)
    scores = _scores_of(labels, predictions, classes)
    targets = np.array([[code in set(row) for code in classes] for row in labels["labels"]], dtype=np.float64)
    part, chosen = labels["part"].to_numpy(), [only is None or name in only for name in classes]
    return {name: macro_auc(targets[part == name][:, chosen], scores[part == name][:, chosen]) for name in PARTS}


def sizes(folder: Path) -> dict[str, int]:
    """The windows of the public and of the private part; empty where nothing is judged here."""
    path = folder / "judge" / "labels.parquet"
    if not path.is_file():
        return {}
    part = pd.read_parquet(path, columns=["part"])["part"]
    return {name: int((part == name).sum()) for name in PARTS}


def _check_classes(labels: pd.DataFrame, classes: list[str]) -> None:
    """Raise if a class that occurs in the hidden labels has no column."""
    missing = sorted(set(labels["labels"].explode().dropna()) - set(classes))
    if missing:
        raise ValueError(f"predictions must have a column per class, without: {', '.join(missing)}")


def _scores_of(labels: pd.DataFrame, predictions: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Return the scores in the order of the hidden windows. Shape (windows, classes)."""
    given = predictions.assign(start_s=predictions["start_s"].astype(float).round(3)).set_index(KEYS)
    if not given.index.is_unique:
        twice = given.index[given.index.duplicated()][0]
        raise ValueError(f"predictions must have each window once, twice: clip_id {twice[0]}, start_s {twice[1]:g}")
    wanted = pd.MultiIndex.from_frame(labels[KEYS])
    missing = wanted[~wanted.isin(given.index)]
    if len(missing):
        clip, start = missing[0]
        raise ValueError(f"predictions lack {len(missing)} of {len(wanted)} windows, first: {clip}, start_s {start:g}")
    scores = given.loc[wanted, classes].to_numpy(dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("predictions must be finite numbers")
    return np.asarray(scores)
