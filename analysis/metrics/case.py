"""The checked input of a metric: which class is positive in which row, how it was scored, what follows what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from analysis.metrics.confusion import Confusion
from analysis.metrics.label_ranks import LabelRanks

ClassScore = Callable[[np.ndarray, np.ndarray], float]
"""From the labels ``(n,)`` bool and the scores ``(n,)`` of one class to its score."""

POSITIVE_ABOVE = 0.5
"""A target or probability above this counts as positive; exactly 0.5 does not."""


_BLOCK = 16  # classes gathered together: one cache line of float32


class Sequence(NamedTuple):
    """Where rows stand in their recordings.

    ``recording``: ``(n,)`` int, equal for rows of one recording. ``start_s``: ``(n,)`` float, s from its beginning.
    """

    recording: np.ndarray
    start_s: np.ndarray


@dataclass(frozen=True)
class Case:
    """``positive``: ``(n, classes)`` bool. ``scores``: ``(n, classes)`` float32 or float64, no NaN.

    ``sequence``: where the rows stand in their recordings; None when that is not known. Made by ``as_case``.
    """

    positive: np.ndarray
    scores: np.ndarray
    sequence: Sequence | None = None

    @property
    def has_positive(self) -> np.ndarray:
        """``(classes,)`` bool: the class occurs at least once."""
        return np.asarray(self.positive.any(axis=0))

    @property
    def has_both(self) -> np.ndarray:
        """``(classes,)`` bool: the class occurs at least once and is missing at least once."""
        return np.asarray(self.has_positive & ~self.positive.all(axis=0))

    @cached_property
    def predicted(self) -> np.ndarray:
        """``(n, classes)`` bool: the probability is above 0.5."""
        return np.asarray(self.scores > POSITIVE_ABOVE)

    @cached_property
    def confusion(self) -> Confusion:
        """The counts of ``predicted`` against the truth."""
        return Confusion.of(self.predicted, self.positive)

    @cached_property
    def label_ranks(self) -> LabelRanks:
        """Where each true label ranks in its row."""
        return LabelRanks.of(self.positive, self.scores)

    def of_rows(self, wanted: np.ndarray) -> "Case":
        """The case of some rows only, ``wanted`` ``(n,)`` bool."""
        sequence = self.sequence and Sequence(self.sequence.recording[wanted], self.sequence.start_s[wanted])
        return Case(self.positive[wanted], self.scores[wanted], sequence)

    def of_classes(self, wanted: np.ndarray) -> "Case":
        """The case of some classes only, ``wanted`` ``(classes,)`` bool."""
        return Case(self.positive[:, wanted], self.scores[:, wanted], self.sequence)

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


def as_case(targets: np.ndarray, scores: np.ndarray, sequence: tuple[np.ndarray, np.ndarray] | None = None) -> Case:
    """Check the arguments and say which class is positive where.

    Args:
        targets: ``(n, classes)``; positive where > 0.5.
        scores: ``(n, classes)``; probabilities, or for rank metrics any monotone score.
        sequence: recording ``(n,)`` int and start in s ``(n,)`` float of each row.

    Raises:
        ValueError: shapes that do not fit, no row or no class, NaN.
    """
    targets, scores = np.asarray(targets), np.asarray(scores)
    _check_shapes(targets, scores)
    scores = _as_float(scores)
    _check_no_nan("targets", targets, "a class without a label is a 0 here")
    _check_no_nan("scores", scores, "has the training diverged?")
    return Case(targets > POSITIVE_ABOVE, scores, None if sequence is None else _as_sequence(sequence, len(targets)))


def macro_mean(per_class: np.ndarray) -> float:
    """Return the mean over the classes where ``per_class`` ``(classes,)`` is defined, NaN where none is."""
    defined = per_class[~np.isnan(per_class)]
    return float(defined.mean()) if defined.size else float("nan")


def absent_classes(targets: np.ndarray) -> int:
    """How many classes never occur in ``targets`` ``(n, classes)``: those that macro metrics leave out."""
    return int(np.count_nonzero(~(np.asarray(targets) > POSITIVE_ABOVE).any(axis=0)))


def _check_shapes(targets: np.ndarray, scores: np.ndarray) -> None:
    if targets.ndim != 2 or targets.shape != scores.shape:
        raise ValueError(
            f"targets and scores must both have the shape (n, classes), got {targets.shape} and {scores.shape}"
        )
    if targets.size == 0:
        raise ValueError(f"a metric needs at least one row and one class, got the shape {targets.shape}")


def _check_no_nan(name: str, values: np.ndarray, hint: str) -> None:
    if np.isnan(values.max()):  # max hands NaN on, in one pass without a copy
        rows = np.flatnonzero(np.isnan(values).any(axis=tuple(range(1, values.ndim))))
        raise ValueError(
            f"{name} must not be NaN, got NaN in {len(rows)} of {len(values)} rows, first in row {rows[0]}: {hint}"
        )


def _as_sequence(given: tuple[np.ndarray, np.ndarray], rows: int) -> Sequence:
    sequence = Sequence(np.asarray(given[0]), np.asarray(given[1]))
    for name, values in zip(("recording", "start_s"), sequence, strict=True):
        if values.shape != (rows,):
            raise ValueError(f"sequence: {name} must have the shape ({rows},) as targets have rows, got {values.shape}")
    _check_no_nan("sequence: start_s", sequence.start_s, "every row needs its place in the recording")
    return sequence


def _as_float(scores: np.ndarray) -> np.ndarray:
    """Keep float32 and float64, widen everything else (float16 logits, integers) without loss of order."""
    if scores.dtype in (np.float32, np.float64):
        return scores
    return scores.astype(np.float32 if scores.dtype == np.float16 else np.float64)
