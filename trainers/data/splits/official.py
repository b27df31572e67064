"""Splits that a dataset comes with: the catalogue's column `fold`."""

import numpy as np
import pandas as pd

from trainers.data.spec import SplitSpec
from trainers.data.splits.columns import require_values
from trainers.data.splits.marks import ALWAYS_TRAINED
from trainers.errors import DataError

TRAIN = "train"
HELD_OUT = ("valid", "test")


def official_folds(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """The given fold of every clip, as its number among `official_names`; clips of `train` are always trained on."""
    del split  # a given split follows no setting
    number = {name: place for place, name in enumerate(official_names(clips))}
    return np.array([number.get(value, ALWAYS_TRAINED) for value in _given(clips)], np.int64)


def official_names(clips: pd.DataFrame) -> tuple[str, ...]:
    """The folds that can be held out, in the order in which `data.fold` counts them: numbers, then valid, then test.

    Raises:
        DataError: no column `fold`, clips without a value, a value that is no fold, or nothing but `train`.
    """
    values = set(_given(clips))
    numbers = sorted((value for value in values if value.isdecimal()), key=int)
    other = sorted(values - {*numbers, TRAIN, *HELD_OUT})
    if other:
        raise DataError(
            f"data.split.scheme=official: the column 'fold' must hold train, valid, test or whole numbers, got "
            f"{', '.join(map(repr, other[:5]))}. Try: rename them in the table"
        )
    names = (*numbers, *(name for name in HELD_OUT if name in values))
    if not names:
        raise DataError(
            "data.split.scheme=official: the column 'fold' is train for every clip, there is nothing to validate on. "
            "Try: data.split.scheme=stratified"
        )
    return names


def never_trained_on(clips: pd.DataFrame) -> np.ndarray:
    """(clips,) bool: of `valid` or `test`, which stay out of training also while another fold is held out."""
    return np.isin(_given(clips), HELD_OUT)


def _given(clips: pd.DataFrame) -> list[str]:
    require_values(clips, "fold", "data.split.scheme=official")
    missing = clips["fold"].isna()
    if missing.any():
        row = clips[missing].iloc[0]
        raise DataError(
            f"data.split.scheme=official: the column 'fold' is empty for {missing.sum()} of {len(clips)} labelled "
            f"clips ({row.get('clip_id', row['recording_id'])} is the first). Try: fill it in the table"
        )
    return [str(value).strip() for value in clips["fold"]]
