"""F1 at a fixed threshold, per class and as the macro mean over the classes that occur."""

import numpy as np

from analysis.metrics.problem import POSITIVE_ABOVE, as_problem, macro_mean


def macro_f1(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean F1 over the classes that occur at least once; NaN when none does.

    ``targets``, ``probabilities``: ``(n, classes)``; a class is predicted where its probability is > 0.5.
    """
    return macro_mean(per_class_f1(targets, probabilities))


def per_class_f1(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return 2 TP / (2 TP + FP + FN) of each class, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``probabilities``: ``(n, classes)``; a class that occurs and is never predicted scores 0.
    """
    problem = as_problem(targets, probabilities)
    predicted = problem.scores > POSITIVE_ABOVE
    hits = (predicted & problem.positive).sum(axis=0)
    claimed_or_true = predicted.sum(axis=0) + problem.positive.sum(axis=0)
    scores = np.full(len(hits), np.nan)
    np.divide(2.0 * hits, claimed_or_true, out=scores, where=problem.has_positive)
    return scores
