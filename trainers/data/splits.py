"""Splits: which fold each training clip belongs to."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from trainers.data.spec import SplitSpec
from trainers.errors import DataError


def assign_folds(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """The fold of every clip, 0 .. n_folds - 1.

    Args:
        clips: rows of a catalogue; `labels` decides the stratum (the first label; clips with none are one stratum).
        split: the scheme.

    Raises:
        DataError: more folds than groups or than clips of any class, a fold that stays empty, or a `group_by` column
            that the catalogue leaves empty.
    """
    largest = pd.Series(_strata(clips)).value_counts().max() if len(clips) else 0
    if largest < split.n_folds:
        raise DataError(
            f"data.split.n_folds is {split.n_folds}, but no class has more than {largest} labelled clips. "
            "Try: fewer folds"
        )
    folds = SPLITS[split.scheme](clips, split)
    if len(np.unique(folds)) < split.n_folds:  # a few large groups
        raise DataError(f"data.split.n_folds is {split.n_folds}, but a fold stays empty. Try: fewer folds")
    return folds


def group_ids(clips: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Groups as numbers: clips that share a recording, or a value of any of the columns, are one group.

    A missing value joins nothing: a clip of unknown author is a group with its recording.

    Raises:
        DataError: a column that doesn't exist or holds no value at all.
    """
    n = len(clips)
    rows, nodes, offset = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], n
    for column in ("recording_id", *columns):
        if column not in clips or clips[column].isna().all():
            filled = ", ".join(str(name) for name in clips if clips[name].notna().any())
            raise DataError(f"data.split.group_by: the column {column!r} is empty. Columns with values: {filled}")
        codes, values = pd.factorize(clips[column])  # a missing value has code -1
        known = np.flatnonzero(codes >= 0)
        rows.append(known)
        nodes.append(codes[known] + offset)
        offset += len(values)
    edges = coo_matrix((np.ones(sum(map(len, rows))), (np.concatenate(rows), np.concatenate(nodes))), (offset, offset))
    component: np.ndarray = connected_components(edges, directed=False)[1]
    return component[:n]


def _strata(clips: pd.DataFrame) -> np.ndarray:
    return np.array([labels[0] if len(labels) else "" for labels in clips["labels"]])


def _folds(n: int, parts: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    folds = np.empty(n, np.int64)
    for fold, (_, held_out) in enumerate(parts):
        folds[held_out] = fold
    return folds


def _stratified(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """scikit-learn's StratifiedKFold."""
    folds = StratifiedKFold(split.n_folds, shuffle=True, random_state=split.seed)
    strata = _strata(clips)
    with warnings.catch_warnings():
        # Classes smaller than n_folds are spread as far as they go; the preflight checks name them.
        warnings.filterwarnings("ignore", message="The least populated class")
        return _folds(len(clips), list(folds.split(strata, strata)))


def _stratified_group(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """scikit-learn's StratifiedGroupKFold."""
    strata, groups = _strata(clips), group_ids(clips, split.group_by)
    n_groups = len(np.unique(groups))
    if n_groups < split.n_folds:
        by = ", ".join(split.group_by)
        raise DataError(f"data.split.n_folds is {split.n_folds}, but grouped by {by} there are only {n_groups} groups")
    folds = StratifiedGroupKFold(split.n_folds, shuffle=True, random_state=split.seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return _folds(len(clips), list(folds.split(strata, strata, groups)))


SPLITS: dict[str, Callable[[pd.DataFrame, SplitSpec], np.ndarray]] = {
    "stratified": _stratified,
    "stratified_group": _stratified_group,
}
"""Schemes by name; each takes (clips, split) and returns the fold of every clip."""
