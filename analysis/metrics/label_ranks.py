"""Where each true label of a row ranks among the row's classes: what LWLRAP, MAP@3 and top-1 accuracy are made of."""

from dataclasses import dataclass

import numpy as np

_BLOCK = 1 << 20
"""Scores compared at once: few enough for a core's cache."""


@dataclass(frozen=True)
class LabelRanks:
    """Every true label of every row, each field ``(labels,)``, by row and within a row from the highest score down.

    ``row``, ``label``: which. ``true_at_least``: the row's true labels scored at least as high as it, itself included.
    ``false_at_least``: the row's other classes scored at least as high. A tie thus ranks the false ones first: a
    prediction that tells nothing apart gains nothing, whatever the order of the classes.
    """

    row: np.ndarray
    label: np.ndarray
    true_at_least: np.ndarray
    false_at_least: np.ndarray

    @classmethod
    def of(cls, positive: np.ndarray, scores: np.ndarray) -> "LabelRanks":
        """Rank; ``positive`` ``(n, classes)`` bool, ``scores`` ``(n, classes)`` without NaN."""
        rows, labels = np.nonzero(positive)
        order = np.lexsort((-scores[rows, labels], rows))
        rows, labels = rows[order], labels[order]
        true_at_least, false_at_least = np.empty((2, len(rows)), dtype=np.int64)
        step = max(1, _BLOCK // positive.shape[1])
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            at_least = scores[rows[part]] >= scores[rows[part], labels[part], None]
            true_at_least[part] = np.count_nonzero(at_least & positive[rows[part]], axis=1)
            false_at_least[part] = np.count_nonzero(at_least, axis=1) - true_at_least[part]
        return cls(rows, labels, true_at_least, false_at_least)

    @property
    def first_of_row(self) -> np.ndarray:
        """``(labelled rows,)`` int: where each row's labels begin."""
        return np.flatnonzero(np.diff(self.row, prepend=-1))

    @property
    def place(self) -> np.ndarray:
        """``(labels,)`` int: 1 for the highest true label of its row, 2 for the next."""
        first = self.first_of_row
        lengths = np.diff(first, append=len(self.row))
        return np.asarray(np.arange(len(self.row)) - np.repeat(first, lengths) + 1)
