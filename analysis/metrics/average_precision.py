"""Average precision: per class, as the macro mean over the classes that occur, and padded as BirdCLEF 2023 did."""

import numpy as np

from analysis.metrics.case import Case, as_case, macro_mean
from analysis.metrics.ranking import count_below

PADDING = 5
"""Rows of true positives that BirdCLEF 2023 adds."""


def mean_average_precision(targets: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean average precision over the classes that occur at least once; NaN when none does.

    ``targets``, ``scores``: ``(n, classes)``.
    """
    return macro_mean(per_class_average_precision(targets, scores))


def per_class_average_precision(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the average precision of each class, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``scores``: ``(n, classes)``. The definition is scikit-learn's ``average_precision_score``: the sum
    over the distinct thresholds of (recall gained) x (precision there), without interpolation; rows that tie are
    ranked together.
    """
    return class_average_precisions(as_case(targets, scores))


def class_average_precisions(case: Case) -> np.ndarray:
    """``per_class_average_precision`` of a case."""
    return case.score_classes(case.has_positive, _average_precision)


def padded_mean_average_precision(case: Case) -> float:
    """Return cmAP as BirdCLEF 2023 scored it; NaN when no class occurs.

    Five rows are added in which every class is true and has the probability 1, which softens the verdict on classes
    with few positives. They make every class occur: one without any positive of its own counts with about 1, as
    published, so compare values over the same classes and rows only.
    """
    if not case.positive.any():
        return float("nan")
    truth, certain = (np.ones((PADDING, case.scores.shape[1]), dtype) for dtype in (bool, case.scores.dtype))
    padded = Case(np.concatenate([case.positive, truth]), np.concatenate([case.scores, certain]))
    return macro_mean(class_average_precisions(padded))


def _average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the average precision of one class; ``positive`` and ``scores`` ``(n,)``.

    Each positive adds the precision among all rows scored at least as high as itself: the sum over thresholds, taken
    positive by positive.
    """
    positives = np.sort(scores[positive])
    true_at_least = len(positives) - np.searchsorted(positives, positives, side="left")
    all_at_least = len(scores) - count_below(scores, positives)[0]
    return float(np.mean(true_at_least / all_at_least))
