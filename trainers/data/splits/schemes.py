"""The split schemes by name."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

from trainers.data.spec import SplitSpec
from trainers.data.splits.columns import joined_values, label_matrix, require_values
from trainers.data.splits.groups import group_ids
from trainers.data.splits.iterative import iterative_stratification
from trainers.data.splits.marks import ALWAYS_TRAINED
from trainers.data.splits.official import official_folds
from trainers.errors import DataError

Cut = Callable[[pd.DataFrame, SplitSpec], np.ndarray]


@dataclass(frozen=True)
class Scheme:
    """A way to cut clips into folds."""

    folds: Cut
    """(clips, split) -> (clips,) 0 .. n_folds - 1"""
    balanced: Cut | None = None
    """(clips, split) -> (clips, n) bool, what each side of a holdout has its share of; None: it is given, not cut"""
    grouped: bool = False
    """No group of `group_by` is on two sides."""


def units_of(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips,) equal numbers for clips that a scheme keeps together: its groups, else each clip by itself.

    Raises:
        DataError: fewer groups than folds, or a column that the catalogue leaves empty.
    """
    if not SPLITS[split.scheme].grouped:
        return np.arange(len(clips))
    groups = group_ids(clips, split.group_by)
    n_groups = len(np.unique(groups))
    if n_groups < split.pieces:
        asked = f"n_folds is {split.n_folds}" if split.holdout is None else f"holdout is {split.holdout:g}"
        by = ", ".join(split.group_by)
        raise DataError(f"data.split.{asked}, but grouped by {by} there are only {n_groups} groups")
    return groups


def hold_out(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips,) 0 for `data.split.holdout` of the clips, 1 for the others, balanced as the scheme has it.

    Iterative stratification into two folds of different size; with one label per clip that is the stratified split.
    """
    balanced = SPLITS[split.scheme].balanced
    assert balanced is not None and split.holdout is not None  # SplitSpec sees to both
    shares = np.array([split.holdout, 1 - split.holdout])
    return _iterative(balanced(clips, split), units_of(clips, split), shares, split.seed)


def strata(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips,) texts: the first label, or the joined values of `stratify_by`; clips with no label are one stratum."""
    if not split.stratify_by:
        return np.array([labels[0] if len(labels) else "" for labels in clips["labels"]], dtype=object)
    for column in split.stratify_by:
        require_values(clips, column, "data.split.stratify_by")
    return joined_values(clips, split.stratify_by)


def _stratified(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """scikit-learn's StratifiedKFold."""
    folds = StratifiedKFold(split.n_folds, shuffle=True, random_state=split.seed)
    codes = _strata_codes(clips, split)
    with _small_strata_allowed():
        return _numbered(len(clips), folds.split(codes, codes))


def _stratified_group(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """scikit-learn's StratifiedGroupKFold."""
    codes, groups = _strata_codes(clips, split), units_of(clips, split)
    folds = StratifiedGroupKFold(split.n_folds, shuffle=True, random_state=split.seed)
    with _small_strata_allowed():
        return _numbered(len(clips), folds.split(codes, codes, groups))


def _group(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """scikit-learn's GroupKFold, shuffled: as many groups in each fold, which may differ in clips."""
    groups = units_of(clips, split)
    folds = GroupKFold(split.n_folds, shuffle=True, random_state=split.seed)
    return _numbered(len(clips), folds.split(groups, groups=groups))


def _multilabel(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """Iterative stratification by all labels, of groups where the scheme has them."""
    shares = np.full(split.n_folds, 1 / split.n_folds)
    return _iterative(_labels(clips, split), units_of(clips, split), shares, split.seed)


def _none(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """Everything is trained on."""
    del split
    return np.full(len(clips), ALWAYS_TRAINED)


def _iterative(balanced: np.ndarray, units: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    _, unit_of, sizes = np.unique(units, return_inverse=True, return_counts=True)
    counts = np.zeros((len(sizes), balanced.shape[1]), np.int64)
    np.add.at(counts, unit_of, balanced)
    return iterative_stratification(counts, sizes, shares, np.random.default_rng(seed))[unit_of]


def _one_hot(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips, strata) bool."""
    codes = _strata_codes(clips, split)
    return np.asarray(codes[:, None] == np.arange(codes.max(initial=-1) + 1))


def _labels(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips, n) bool: every label, then every value of `stratify_by`."""
    matrix, _ = label_matrix(clips)
    return np.hstack([matrix, _one_hot(clips, split)]) if split.stratify_by else matrix


def _anything(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips, 1) bool: clips count alike."""
    del split
    return np.ones((len(clips), 1), bool)


def _strata_codes(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """(clips,) int: strata in the order of their names, as the largest has enough clips.

    Raises:
        DataError: no stratum has a clip for each fold.
    """
    _, codes, sizes = np.unique(strata(clips, split), return_inverse=True, return_counts=True)
    largest = int(sizes.max(initial=0))
    if largest < split.pieces:
        what = f"no value of {', '.join(split.stratify_by)}" if split.stratify_by else "no class"
        asked = f"n_folds is {split.n_folds}" if split.holdout is None else f"holdout is {split.holdout:g}"
        raise DataError(f"data.split.{asked}, but {what} has more than {largest} labelled clips. Try: fewer folds")
    return np.asarray(codes)


@contextmanager
def _small_strata_allowed() -> Iterator[None]:
    """Classes smaller than n_folds are spread as far as they go; the preflight checks name them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        yield


def _numbered(n: int, parts: Iterator[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    folds = np.empty(n, np.int64)
    for fold, (_, held_out) in enumerate(parts):
        folds[held_out] = fold
    return folds


SPLITS: dict[str, Scheme] = {
    "stratified": Scheme(_stratified, _one_hot),
    "group": Scheme(_group, _anything, grouped=True),
    "stratified_group": Scheme(_stratified_group, _one_hot, grouped=True),
    "multilabel": Scheme(_multilabel, _labels),
    "multilabel_group": Scheme(_multilabel, _labels, grouped=True),
    "official": Scheme(official_folds),
    "none": Scheme(_none),
}
"""Schemes by the names of `data.split.scheme`."""
