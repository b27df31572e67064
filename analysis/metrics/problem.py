"""The checked input of a metric: which class is positive in which row, and how it was scored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

ClassScore = Callable[[np.ndarray, np.ndarray], float]
"""From the labels ``(n,)`` bool and the scores ``(n,)`` of one class to its score."""

POSITIVE_ABOVE = 0.5
"""A target or probability above this counts as positive; exactly 0.5 does not."""


_BLOCK = 16  # classes gathered together: one cache line of float32


@dataclass(frozen=True)
class Problem:
    """``positive``: ``(n, classes)`` bool. ``scores``: ``(n, classes)`` float32 or float64, no NaN."""

    positive: np.ndarray
    scores: np.ndarray

    @property
    def has_positive(self) -> np.ndarray:
        """``(classes,)`` bool: the class occurs at least once."""
        return np.asarray(self.positive.any(axis=0))

    @property
    def has_both(self) -> np.ndarray:
        """``(classes,)`` bool: the class occurs at least once and is missing at least once."""
        return np.asarray(self.has_positive & ~self.positive.all(axis=0))

    def score_classes(self, wanted: np.ndarray, score: ClassScore) -> np.ndarray:
        """Return ``score`` of each ``wanted`` ``(classes,)`` class and NaN for the others, ``(classes,)`` float64."""
        scores = np.full(len(wanted), np.nan)
        for class_index, positive, class_scores in self._columns(wanted):
            scores[class_index] = score(positive, class_scores)
        return scores

    def _columns(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield index, labels and scores of the wanted classes, each contiguous in memory."""
        for start in range(0, len(wanted), _BLOCK):
            block = slice(start, start + _BLOCK)
            positive = np.ascontiguousarray(self.positive[:, block].T)
            scores = np.ascontiguousarray(self.scores[:, block].T)
            for offset in np.flatnonzero(wanted[block]):
                yield start + int(offset), positive[offset], scores[offset]


def as_problem(targets: np.ndarray, scores: np.ndarray) -> Problem:
    """Check ``targets`` and ``scores``, both ``(n, classes)``, and say which class is positive where."""
    targets, scores = np.asarray(targets), np.asarray(scores)
    _check_shapes(targets, scores)
    scores = _as_float(scores)
    _check_no_nan("targets", targets, "a class without a label is a 0 here")
    _check_no_nan("scores", scores, "has the training diverged?")
    return Problem(targets > POSITIVE_ABOVE, scores)


def macro_mean(per_class: np.ndarray) -> float:
    """Return the mean over the classes where ``per_class`` ``(classes,)`` is defined, NaN where none is."""
    defined = per_class[~np.isnan(per_class)]
    return float(defined.mean()) if defined.size else float("nan")


def _check_shapes(targets: np.ndarray, scores: np.ndarray) -> None:
    if targets.ndim != 2 or targets.shape != scores.shape:
        raise ValueError(
            f"targets and scores must both have the shape (n, classes), got {targets.shape} and {scores.shape}"
        )
    if targets.size == 0:
        raise ValueError(f"a metric needs at least one row and one class, got the shape {targets.shape}")


def _check_no_nan(name: str, values: np.ndarray, hint: str) -> None:
    if np.isnan(values.max()):  # max hands NaN on, in one pass without a copy
        rows = np.flatnonzero(np.isnan(values).any(axis=1))
        raise ValueError(
            f"{name} must not be NaN, got NaN in {len(rows)} of {len(values)} rows, first in row {rows[0]}: {hint}"
        )


def _as_float(scores: np.ndarray) -> np.ndarray:
    """Keep float32 and float64, widen everything else (float16 logits, integers) without loss of order."""
    if scores.dtype in (np.float32, np.float64):
        return scores
    return scores.astype(np.float32 if scores.dtype == np.float16 else np.float64)
