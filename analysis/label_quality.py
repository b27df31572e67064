"""Confident learning: which given labels out-of-fold predictions speak against.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"; for several labels per
clip Thyagarajan et al. 2022, "Identifying Incorrect Annotations in Multi-Label Classification Data". By cleanlab.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from analysis.errors import UserError

EMA_ALPHA = 0.8
"""Thyagarajan et al. 2022: the worst label of a clip counts 0.8, the next 0.8 of the rest, and so on."""


@dataclass(frozen=True)
class LabelQuality:
    """How far predictions agree with given labels; nothing here knows which of the two is right."""

    clips: np.ndarray
    """(clips,) in [0, 1], lowest first to be looked at"""
    labels: np.ndarray
    """(clips, classes) in [0, 1]: of a label that is given, or of its absence"""
    suspected: np.ndarray
    """(clips, classes) bool: confident learning takes the given label, or its absence, for an error"""

    def suspects(self, clip: int) -> list[int]:
        """The classes whose label is most doubtful: all that are suspected, else the one of lowest quality."""
        order = np.argsort(self.labels[clip], kind="stable")
        return [int(c) for c in order if self.suspected[clip, c]] or [int(order[0])]


def label_quality(given: np.ndarray, probabilities: np.ndarray) -> LabelQuality:
    """Measure the quality of given labels by predictions of models that were not trained on them.

    A class is one binary problem: its self-confidence is counted from the mean it has where the label is given (and
    where it is not), so that rare classes, which get low probabilities anyhow, don't all come first. A class that none
    of the clips has, or all of them, has no such mean: there it is the plain probability.

    Args:
        given: (clips, classes) bool.
        probabilities: (clips, classes) in [0, 1], out of fold.

    Raises:
        UserError: no class tells two clips apart, or probabilities are no finite numbers.
    """
    varies = np.ptp(given.astype(int), axis=0) > 0
    _refuse(len(given), varies, probabilities)
    labels = np.where(given, probabilities, 1 - probabilities)
    suspected = np.zeros(given.shape, bool)
    for c in np.flatnonzero(varies):
        labels[:, c], suspected[:, c] = _of_class(given[:, c].astype(int), probabilities[:, c])
    return LabelQuality(_of_clips(labels), labels, suspected)


def _of_class(given: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(clips,) quality and (clips,) suspicion of one class."""
    from cleanlab.filter import find_label_issues  # only here: it imports scikit-learn, a second
    from cleanlab.rank import get_label_quality_scores

    both = np.stack([1 - probability, probability], axis=1)
    quality = get_label_quality_scores(given, both, adjust_pred_probs=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "May not flag all label issues")  # of rare classes, which are ranked anyhow
        suspected = find_label_issues(given, both, filter_by="confident_learning", n_jobs=1)
    return quality, suspected


def _of_clips(labels: np.ndarray) -> np.ndarray:
    """(clips,) moving average of each clip's (classes,) qualities from the best to the worst."""
    average, *worse = np.sort(labels, axis=1)[:, ::-1].T
    for quality in worse:
        average = EMA_ALPHA * quality + (1 - EMA_ALPHA) * average
    return np.asarray(average)


def _refuse(clips: int, varies: np.ndarray, probabilities: np.ndarray) -> None:
    if not np.isfinite(probabilities).all():
        raise UserError("confident learning needs finite probabilities, got NaN. Try: a run that has not diverged")
    if not varies.any():
        raise UserError(
            f"confident learning needs clips with a label and clips without it, got {clips} held-out clips that are "
            "all labelled alike. Try: more folds, or a run with a larger validation part"
        )
