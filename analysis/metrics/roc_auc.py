"""Area under the ROC curve: per class, as the mean over classes (macro), and of all decisions together (micro)."""

import numpy as np

from analysis.metrics.case import Case, as_case, macro_mean
from analysis.metrics.ranking import count_below

_CHUNK = 1 << 21
"""Negatives counted at once by the micro average, which bounds its memory."""


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
    return class_aucs(as_case(targets, scores))


def class_aucs(case: Case) -> np.ndarray:
    """``per_class_auc`` of a case."""
    return case.score_classes(case.has_both, _auc)


def pooled_auc(case: Case) -> float:
    """Return the ROC-AUC of all (row, class) decisions as of one class; NaN unless both labels occur."""
    if not case.positive.any() or case.positive.all():
        return float("nan")
    return _auc(case.positive.ravel(), case.scores.ravel())


def _auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the AUC of one class that has both labels; ``positive`` and ``scores`` ``(n,)``."""
    positives, negatives = np.sort(scores[positive]), scores[~positive]
    wins_twice = 0
    for start in range(0, len(negatives), _CHUNK):
        below, not_above = count_below(negatives[start : start + _CHUNK], positives)
        wins_twice += int(below.sum()) + int(not_above.sum())
    return wins_twice / 2.0 / (len(positives) * len(negatives))
