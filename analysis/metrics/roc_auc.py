"""Area under the ROC curve, per class and as the macro mean over the classes that define it."""

import numpy as np

from analysis.metrics.problem import as_problem, macro_mean
from analysis.metrics.ranking import count_below


def macro_auc(targets: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean ROC-AUC over the classes with at least one positive and one negative; NaN when there is none.

    ``targets``, ``scores``: ``(n, classes)``. Skipping absent classes is the rule of the BirdCLEF competitions
    (``kaggle_metric_utilities`` "birdclef-roc-auc": classes without a true label are left out of the mean).
    """
    return macro_mean(per_class_auc(targets, scores))


def per_class_auc(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the ROC-AUC of each class, ``(classes,)`` float64, NaN where a class is always or never positive.

    ``targets``, ``scores``: ``(n, classes)``. Exact with ties: the Mann-Whitney statistic, where a positive that ties
    with a negative counts one half (Hanley and McNeil 1982). Labels are never sorted with the scores, and of the
    negatives only those near a positive are sorted at all: that makes it an order of magnitude faster than a sort of
    (score, label) pairs.
    """
    problem = as_problem(targets, scores)
    return problem.score_classes(problem.has_both, _auc)


def _auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the AUC of one class that has both labels; ``positive`` and ``scores`` ``(n,)``."""
    positives, negatives = np.sort(scores[positive]), scores[~positive]
    below, not_above = count_below(negatives, positives)
    return (int(below.sum()) + int(not_above.sum())) / 2.0 / (len(positives) * len(negatives))
