"""What of a catalogue a run trains on, validates on and leaves for a test, by the fold that is held out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trainers.data.spec import SplitSpec
from trainers.data.splits.assign import assign_folds
from trainers.data.splits.columns import require_values
from trainers.data.splits.marks import LEFT_OUT
from trainers.data.splits.official import never_trained_on, official_names
from trainers.errors import DataError


@dataclass(frozen=True)
class Parts:
    """(clips,) bool each; no clip is in two of them, and some may be in none."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    folds: np.ndarray
    """(clips,) int64, what they were told apart by"""


def parts_of(clips: pd.DataFrame, split: SplitSpec, fold: int) -> Parts:
    """Tell the clips apart.

    Of the held-out folds only clips with the values of `validate_where` count. The others are not trained on either:
    they may share a recording or a microphone with those that do.

    Args:
        clips: labelled rows of a catalogue.
        split: how they are split.
        fold: the one to validate on.

    Raises:
        DataError: as `assign_folds`, or a part that stays empty.
    """
    folds = assign_folds(clips, split)
    if split.scheme == "official":
        _refuse_unknown_folds(official_names(clips), split, fold)
    held_out, test = folds == fold, folds == split.test_fold
    train = ~held_out & ~test & (folds != LEFT_OUT)
    if split.scheme == "official":
        train &= ~never_trained_on(clips)
    counted = has_values(clips, split.validate_where)
    parts = Parts(train, held_out & counted, test & counted, folds)
    _refuse_empty(parts, split, fold)
    return parts


def has_values(clips: pd.DataFrame, where: dict[str, Any]) -> np.ndarray:
    """(clips,) bool: in every column of `where` one of its values; a missing value is none of them.

    Raises:
        DataError: a column that doesn't exist or holds no value at all.
    """
    found = np.ones(len(clips), bool)
    for column, wanted in where.items():
        require_values(clips, column, "data.split.validate_where")
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        found &= (clips[column].notna() & clips[column].isin(values)).to_numpy(bool)
    return found


def _refuse_unknown_folds(names: tuple[str, ...], split: SplitSpec, fold: int) -> None:
    for field, number in (("data.fold", fold), ("data.split.test_fold", split.test_fold)):
        if number is not None and number >= len(names):
            known = ", ".join(f"{place} ({name})" for place, name in enumerate(names))
            raise DataError(f"{field} must be a fold that the catalogue gives: {known}; got {number}")


def _refuse_empty(parts: Parts, split: SplitSpec, fold: int) -> None:
    if split.scheme != "none" and not parts.val.any():
        where = ", ".join(f"{column}: {value}" for column, value in split.validate_where.items())
        raise DataError(
            f"data.split.validate_where: no clip of fold {fold} has {where}. Try: another fold, or fewer folds"
        )
    if not parts.train.any():
        raise DataError(
            f"data.split: without fold {fold} no clip is left to train on. Try: another fold, or another scheme"
        )
