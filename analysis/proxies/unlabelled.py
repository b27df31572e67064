"""Scores of one run from its probabilities on unlabelled target windows, some with validation beside them.

None of them knows a label of the target. How well each predicts a leaderboard is judged like any other metric's
(`analysis.correlation`); on the synthetic competition of this project most of them do not (docs/findings.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.proxies.agreement import rank_agreement

EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1 before a logarithm."""


@dataclass(frozen=True)
class Unlabelled:
    """What one run predicts of the target, and of validation."""

    target: np.ndarray
    """(windows, classes) probabilities"""
    neighbours: np.ndarray
    """(pairs, 2) numbers of windows that follow each other in one recording"""
    val: np.ndarray
    """(clips, classes) probabilities"""
    labels: np.ndarray
    """(clips, classes) 0 or 1, of validation"""


def confidence(case: Unlabelled) -> float:
    """Mean over windows of the largest probability (average confidence; Hendrycks & Gimpel 2017)."""
    return float(case.target.max(1).mean())


def negative_entropy(case: Unlabelled) -> float:
    """Minus the mean binary entropy over windows and classes, in nats (Grandvalet & Bengio 2005)."""
    p = np.clip(case.target.astype(np.float64), EPSILON, 1 - EPSILON)
    return float((p * np.log(p) + (1 - p) * np.log1p(-p)).mean())


def average_thresholded_confidence(case: Unlabelled) -> float:
    """Share of target windows more confident than the validation quantile that leaves out as many clips as are wrong.

    ATC (Garg et al. 2022): an estimate of top-1 accuracy. A clip is right when its most probable class is a label.
    """
    known = case.labels.any(1)
    if not known.any():
        return float("nan")
    confident = case.val[known].max(1)
    return float((case.target.max(1) >= np.quantile(confident, 1 - _accuracy(case))).mean())


def difference_of_confidences(case: Unlabelled) -> float:
    """Validation accuracy less the fall of confidence from validation to target (DoC; Guillory et al. 2021)."""
    known = case.labels.any(1)
    if not known.any():
        return float("nan")
    return float(_accuracy(case) - (case.val[known].max(1).mean() - case.target.max(1).mean()))


def nuclear_norm(case: Unlabelled) -> float:
    """Nuclear norm of the probabilities, rows scaled to sum 1, over its largest possible value: confident and diverse
    at once (Deng et al. 2023)."""
    rows = case.target.astype(np.float64)
    rows = rows / np.maximum(rows.sum(1, keepdims=True), EPSILON)
    n, k = rows.shape
    return float(np.linalg.norm(rows, "nuc") / np.sqrt(min(n, k) * n))


def neighbour_agreement(case: Unlabelled) -> float:
    """Rank agreement of windows that follow each other: what sings now tends to sing five seconds later."""
    first, second = case.neighbours.T
    return rank_agreement(case.target[first], case.target[second]) if len(first) else float("nan")


UNLABELLED: dict[str, Callable[[Unlabelled], float]] = {
    "confidence": confidence,
    "negative_entropy": negative_entropy,
    "atc": average_thresholded_confidence,
    "doc": difference_of_confidences,
    "nuclear_norm": nuclear_norm,
    "neighbour_agreement": neighbour_agreement,
}
"""All are better when higher: that is what their authors say, and what the verdicts test."""


def neighbours(recording: np.ndarray, start_s: np.ndarray) -> np.ndarray:
    """(pairs, 2) numbers of windows that follow each other.

    Args:
        recording: (windows,) equal values for windows of one recording.
        start_s: (windows,) where each starts.
    """
    codes = np.unique(recording, return_inverse=True)[1]
    order = np.lexsort((start_s, codes))
    same = codes[order][1:] == codes[order][:-1]
    return np.stack([order[:-1][same], order[1:][same]], 1)


def _accuracy(case: Unlabelled) -> float:
    known = case.labels.any(1)
    top = case.val[known].argmax(1)
    return float((case.labels[known][np.arange(len(top)), top] > 0).mean())
