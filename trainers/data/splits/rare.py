"""What becomes of classes that are too rare to be in every fold (`data.split.rare_class`).

BirdCLEF 2024 and 2025 (VSydorskyy, cv_split_cls.py; te1ord, cv_split.ipynb) move clips of rare species into folds that
lack them, or keep them in training.
"""

import numpy as np
import pandas as pd

from trainers.data.spec import SplitSpec
from trainers.data.splits.columns import label_matrix
from trainers.data.splits.marks import ALWAYS_TRAINED, LEFT_OUT
from trainers.data.splits.schemes import units_of
from trainers.errors import DataError


def taken_out(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """Which clips are not cut into folds, for `train_only` and `drop`.

    Args:
        clips: rows of a catalogue.
        split: the policy, and how many folds there are. With `train_only` a rare clip's whole group is taken out.

    Returns:
        (clips,) ALWAYS_TRAINED or LEFT_OUT where a clip is taken out, else 0.
    """
    taken = np.zeros(len(clips), np.int64)
    if split.rare_class not in ("train_only", "drop"):
        return taken
    matrix, _ = label_matrix(clips)
    rare = matrix[:, matrix.sum(0) < split.pieces].any(1)
    if split.rare_class == "train_only":
        units = units_of(clips, split)
        taken[np.isin(units, units[rare])] = ALWAYS_TRAINED
    else:
        taken[rare] = LEFT_OUT
    return taken


def in_every_fold(clips: pd.DataFrame, units: np.ndarray, folds: np.ndarray, pieces: int) -> np.ndarray:
    """Move units until each class that at least as many units have as there are folds is in every fold.

    Of all moves the one that fills most gaps (less those that it tears) is made, of equals that of the smallest unit;
    so the folds stay about as they were. Clips of one label each can always be moved so.

    Args:
        clips: the rows that are cut.
        units: (clips,) equal numbers for clips that must stay together.
        folds: (clips,) 0, 1, ...; the clips of a unit are in one fold.
        pieces: number of folds.

    Returns:
        (clips,) the new folds.

    Raises:
        DataError: gaps are left, and every move would tear as many.
    """
    matrix, classes = label_matrix(clips)
    _, first, unit_of, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
    has = np.zeros((len(sizes), len(classes)), bool)
    np.logical_or.at(has, unit_of, matrix)
    dealt = _Dealt(has[:, has.sum(0) >= pieces], sizes, folds[first], pieces)
    while dealt.gaps.any():
        if not dealt.improve():
            fold, column = np.argwhere(dealt.gaps)[0]
            name = np.array(classes)[has.sum(0) >= pieces][column]
            raise DataError(
                f"data.split.rare_class=every_fold: {name} can't be in fold {fold} without another class leaving its "
                "fold. Try: fewer folds, another data.split.seed, or data.split.rare_class=train_only"
            )
    return dealt.folds[unit_of]


class _Dealt:
    """Units in folds, and which of the classes that must be in every fold they bring there."""

    def __init__(self, has: np.ndarray, sizes: np.ndarray, folds: np.ndarray, pieces: int) -> None:
        self.has, self.sizes, self.folds = has, sizes, folds.copy()
        self.present = np.stack([has[folds == fold].sum(0) for fold in range(pieces)])
        """(folds, classes) units with each class"""

    @property
    def gaps(self) -> np.ndarray:
        """(folds, classes) bool: the class is missing."""
        return np.asarray(self.present == 0)

    def improve(self) -> bool:
        """Make the best move; False: there is none that leaves fewer gaps."""
        filled = self.has @ self.gaps.T.astype(np.int64)
        torn = (self.has & (self.present[self.folds] == 1)).sum(1)
        gain = filled - torn[:, None]
        best = np.argwhere(gain == gain.max())
        unit, fold = best[self.sizes[best[:, 0]].argmin()]
        if gain[unit, fold] <= 0:
            return False
        self.present[self.folds[unit]] -= self.has[unit]
        self.present[fold] += self.has[unit]
        self.folds[unit] = fold
        return True
