"""Average precision, per class and as the macro mean over the classes that occur."""

import numpy as np

from analysis.metrics.problem import as_problem, macro_mean


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
    problem = as_problem(targets, scores)
    return problem.score_classes(problem.has_positive, _average_precision)


def _average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the average precision of one class; ``positive`` and ``scores`` ``(n,)``.

    Each positive adds the precision among all rows scored at least as high as itself: the sum over thresholds, taken
    positive by positive.
    """
    positives, everything = np.sort(scores[positive]), np.sort(scores)
    true_at_least = len(positives) - np.searchsorted(positives, positives, side="left")
    all_at_least = len(everything) - np.searchsorted(everything, positives, side="left")
    return float(np.mean(true_at_least / all_at_least))
