"""How far the embeddings of the target are from those of validation, and which validation clips are like it."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

MOST_ROWS = 1000
"""Rows that a kernel distance looks at: its cost is their square."""


@dataclass(frozen=True)
class Adversary:
    """A classifier that tells source from target."""

    auc: float
    """ROC-AUC of its out-of-fold scores: .5 where the two can't be told apart"""
    weights: np.ndarray
    """(source rows,) odds of being of the target, mean 1"""


def frechet_distance(source: np.ndarray, target: np.ndarray) -> float:
    """Fréchet distance of two Gaussians fitted to embeddings (Heusel et al. 2017; for audio Kilgour et al. 2019).

    Args:
        source: (rows, features) embeddings.
        target: (rows, features) embeddings.
    """
    means = source.mean(0) - target.mean(0)
    first, second = (np.cov(rows, rowvar=False, dtype=np.float64) for rows in (source, target))
    root = np.real(sqrtm(first @ second))
    return float(max(0.0, means @ means + np.trace(first + second - 2 * root)))


def mmd(source: np.ndarray, target: np.ndarray) -> float:
    """Squared maximum mean discrepancy, unbiased, Gaussian kernel with the median distance (Gretton et al. 2012).

    Looks at `MOST_ROWS` evenly spaced rows of each.
    """
    x, y = _thinned(source), _thinned(target)
    within_x, within_y, across = (cdist(a, b, "sqeuclidean") for a, b in ((x, x), (y, y), (x, y)))
    scale = float(np.median(across)) or 1.0
    kernels = [np.exp(-distances / scale) for distances in (within_x, within_y, across)]
    n, m = len(x), len(y)
    same = (kernels[0].sum() - n) / (n * (n - 1)) + (kernels[1].sum() - m) / (m * (m - 1))
    return float(same - 2 * kernels[2].mean())


def adversarial_validation(source: np.ndarray, target: np.ndarray, groups: np.ndarray, folds: int = 5) -> Adversary:
    """Tell source from target by a logistic regression on embeddings, out of fold (Pan et al. 2020).

    The odds of being of the target weigh source rows as importance weighting does (Sugiyama et al. 2007); they are
    kept within a factor of 20 of each other's mean, because a few rows would otherwise be all that counts.

    Args:
        source: (rows, features).
        target: (rows, features).
        groups: (source rows + target rows,) rows of one group are never on both sides of a fold.
        folds: number of folds; fewer where there are fewer groups.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([source, target])
    is_target = np.repeat([0, 1], [len(source), len(target)])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=200))
    split = StratifiedGroupKFold(min(folds, len(np.unique(groups))), shuffle=True, random_state=0)
    p = cross_val_predict(model, rows, is_target, groups=groups, cv=split, method="predict_proba")[:, 1]
    odds = np.clip(p[: len(source)] / np.maximum(1 - p[: len(source)], 1e-6), 1e-6, None)
    odds = np.clip(odds / odds.mean(), 1 / 20, 20)
    return Adversary(float(roc_auc_score(is_target, p)), odds / odds.mean())


def _thinned(rows: np.ndarray) -> np.ndarray:
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).round().astype(int)
    return np.asarray(rows[chosen], np.float64)
