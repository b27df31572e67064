"""How far two sets of predictions of the same windows agree."""

import numpy as np
from scipy.stats import rankdata


def rank_agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over classes of Spearman's correlation of two scores over windows; classes constant in one are left out.

    Agreement of ranks, not of values: the leaderboards of the field score by ROC-AUC, which sees ranks alone.

    Args:
        a: (windows, classes) scores.
        b: the same windows by another model, augmentation or moment.
    """
    ranks = [rankdata(scores, axis=0) for scores in (a, b)]
    first, second = (values - values.mean(0) for values in ranks)
    norm = np.sqrt((first**2).sum(0) * (second**2).sum(0))
    known = norm > 0
    return float(((first * second).sum(0)[known] / norm[known]).mean()) if known.any() else float("nan")


def top1_agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Share of windows whose most probable class is the same (agreement; Jiang et al. 2022, Baek et al. 2022)."""
    return float((a.argmax(1) == b.argmax(1)).mean())
