"""How often each class was predicted, was true, and was both: what F1, precision and recall are made of."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Confusion:
    """Counts of rows per class, each ``(classes,)`` int.

    ``hits``: predicted and true. ``claimed``: predicted. ``actual``: true.

    The scores are ``(classes,)`` float64 and NaN where a class never occurs, so that a mean skips it; a class that
    occurs and is never predicted scores 0 in all of them (scikit-learn's ``zero_division=0``).
    """

    hits: np.ndarray
    claimed: np.ndarray
    actual: np.ndarray

    @classmethod
    def of(cls, predicted: np.ndarray, positive: np.ndarray) -> "Confusion":
        """Count; both arguments ``(n, classes)`` bool."""
        counted = (predicted & positive, predicted, positive)
        return cls(*(np.count_nonzero(decisions, axis=0) for decisions in counted))

    @property
    def pooled(self) -> "Confusion":
        """The counts of all classes together, as of one class: the micro average."""
        return Confusion(*(np.atleast_1d(counts.sum()) for counts in (self.hits, self.claimed, self.actual)))

    @property
    def f1(self) -> np.ndarray:
        """2 TP / (2 TP + FP + FN)."""
        return self._share(2 * self.hits, self.claimed + self.actual)

    @property
    def precision(self) -> np.ndarray:
        """TP / (TP + FP)."""
        return self._share(self.hits, np.maximum(self.claimed, 1))

    @property
    def recall(self) -> np.ndarray:
        """TP / (TP + FN)."""
        return self._share(self.hits, self.actual)

    def _share(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        shares = np.full(len(part), np.nan)
        np.divide(part, whole, out=shares, where=self.actual > 0)
        return shares
