"""F1, precision and recall at thresholds of their own per class, tuned on training rows, never on those scored."""

import numpy as np

from analysis.metrics.case import POSITIVE_ABOVE, as_case, macro_mean
from analysis.metrics.confusion import Confusion

TUNED_METRICS = ("macro_f1", "micro_f1", "macro_precision", "macro_recall")
"""What is reported at tuned thresholds, as ``macro_f1@tuned``."""


def tune_thresholds(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return for each class the threshold with the highest F1 on these rows, ``(classes,)`` float64.

    ``targets``, ``probabilities``: ``(n, classes)``, of *training* rows. Exact: every cut between two distinct
    probabilities is tried, and the threshold lies in the middle of the best (of equals, the highest). A class without
    a positive keeps 0.5. Optimising F1 per label: Lipton, Elkan and Narayanaswamy 2014.
    """
    case = as_case(targets, probabilities)
    thresholds = case.score_classes(case.has_positive, _best_threshold)
    return np.where(np.isnan(thresholds), POSITIVE_ABOVE, thresholds)


def tuned_scores(targets: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> dict[str, float]:
    """Return ``TUNED_METRICS`` as ``<name>@tuned``, a class being predicted above its threshold.

    ``targets``, ``probabilities``: ``(n, classes)``. ``thresholds``: ``(classes,)``, as ``tune_thresholds`` gives them.
    """
    case = as_case(targets, probabilities)
    if thresholds.shape != (case.scores.shape[1],):
        raise ValueError(f"thresholds must have the shape ({case.scores.shape[1]},), got {thresholds.shape}")
    confusion = Confusion.of(case.scores > thresholds, case.positive)
    per_class = (confusion.f1, confusion.pooled.f1, confusion.precision, confusion.recall)
    return {f"{name}@tuned": macro_mean(values) for name, values in zip(TUNED_METRICS, per_class, strict=True)}


def _best_threshold(positive: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the threshold of one class that occurs; ``positive`` and ``probabilities`` ``(n,)``."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    last = np.flatnonzero(np.diff(ranked, append=-np.inf))  # the lowest row above each cut
    hits = np.cumsum(positive[order])[last]
    f1 = 2 * hits / (last + 1 + np.count_nonzero(positive))
    cut = int(last[np.argmax(f1)])
    taken = ranked[cut]
    below_all = 0.0 if taken > 0 else taken - 1.0
    left = ranked[cut + 1] if cut + 1 < len(ranked) else below_all
    middle = (taken + left) / 2
    return float(middle if middle < taken else left)  # neighbouring floats have no middle
