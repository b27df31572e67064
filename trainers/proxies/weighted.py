"""Validation scores in which clips count as much as they are like the target."""

import numpy as np


def weighted_macro_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Mean over classes, that have both positives and negatives, of the ROC-AUC of weighted rows.

    Importance-weighted validation (Sugiyama et al. 2007), for ROC-AUC as scikit-learn weighs samples.

    Args:
        labels: (clips, classes) 0 or 1.
        scores: (clips, classes).
        weights: (clips,) positive.
    """
    from sklearn.metrics import roc_auc_score

    known = [column for column in range(labels.shape[1]) if 0 < labels[:, column].sum() < len(labels)]
    aucs = [roc_auc_score(labels[:, column], scores[:, column], sample_weight=weights) for column in known]
    return float(np.mean(aucs)) if aucs else float("nan")
