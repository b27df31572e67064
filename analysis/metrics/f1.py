"""F1, precision and recall at the threshold 0.5: per class, and their mean over the classes that occur (macro)."""

import numpy as np

from analysis.metrics.case import as_case, macro_mean


def macro_f1(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean F1 over the classes that occur at least once; NaN when none does.

    ``targets``, ``probabilities``: ``(n, classes)``; a class is predicted where its probability is > 0.5.
    """
    return macro_mean(per_class_f1(targets, probabilities))


def per_class_f1(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return 2 TP / (2 TP + FP + FN) of each class, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``probabilities``: ``(n, classes)``; a class that occurs and is never predicted scores 0.
    """
    return as_case(targets, probabilities).confusion.f1


def per_class_precision(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return TP / (TP + FP) of each class, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``probabilities``: ``(n, classes)``; a class that occurs and is never predicted scores 0.
    """
    return as_case(targets, probabilities).confusion.precision


def per_class_recall(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return TP / (TP + FN) of each class, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``probabilities``: ``(n, classes)``.
    """
    return as_case(targets, probabilities).confusion.recall
