"""Scores of whole rows, all their classes decided at 0.5: exact-match accuracy, ICBHI score, temporal consistency."""

import numpy as np

from analysis.metrics.case import Case


def accuracy(case: Case) -> float:
    """Return the share of rows whose set of labels is predicted exactly; a row without labels counts, too."""
    return float(_exact(case).mean())


def icbhi_score(case: Case) -> float:
    """Return (sensitivity + specificity) / 2 over the four classes that two labels make.

    The labels are crackle and wheeze, the classes normal, crackle, wheeze and both. Sensitivity is the share of
    abnormal cycles put into exactly their class, specificity that of normal ones (Rocha et al., Physiological
    Measurement 40, 2019). NaN unless there are two labels, and cycles of both kinds.
    """
    normal = ~case.positive.any(axis=1)
    if case.positive.shape[1] != 2 or normal.all() or not normal.any():
        return float("nan")
    exact = _exact(case)
    return float(exact[~normal].mean() + exact[normal].mean()) / 2.0


def temporal_consistency(case: Case) -> float:
    """Return the share of neighbouring rows of a recording that are decided alike, over the classes that occur.

    Neighbours are two rows of one recording with none between them by start. A constant prediction scores 1: it says
    how steady the decisions are, not how right. NaN without the order of rows, neighbours, or any class that occurs.
    """
    if case.sequence is None or not case.positive.any():
        return float("nan")
    recording, start_s = case.sequence
    order = np.lexsort((start_s, recording))
    neighbours = np.flatnonzero(recording[order][1:] == recording[order][:-1])
    if not len(neighbours):
        return float("nan")
    decisions = case.predicted[:, case.has_positive]
    return float(np.mean(decisions[order[neighbours]] == decisions[order[neighbours + 1]]))


def _exact(case: Case) -> np.ndarray:
    """``(n,)`` bool: every class of the row is decided right."""
    return np.asarray((case.predicted == case.positive).all(axis=1))
