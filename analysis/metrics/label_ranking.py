"""Scores of the order of a row's classes: LWLRAP, MAP@3, top-1 accuracy. Rows without a label have none."""

import numpy as np

from analysis.metrics.case import Case, as_case

_TOP = 3


def per_class_lwlrap(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each class's mean precision at its own rank, ``(classes,)`` float64, NaN where a class never occurs.

    ``targets``, ``scores``: ``(n, classes)``. A true label's precision is the share of true ones among the classes of
    its row that score at least as high. The mean of the result, weighted by how often each class occurs, is LWLRAP.
    """
    case = as_case(targets, scores)
    ranks, classes = case.label_ranks, case.positive.shape[1]
    sums = np.bincount(ranks.label, _precisions(case), minlength=classes)
    per_class = np.full(classes, np.nan)
    np.divide(sums, np.bincount(ranks.label, minlength=classes), out=per_class, where=case.has_positive)
    return per_class


def lwlrap(case: Case) -> float:
    """Return the label-weighted label-ranking average precision; NaN without any label.

    Every true label of every row counts the same (Howard and Ellis, for DCASE 2019 task 2). Ties rank false classes
    first, as scikit-learn's ``label_ranking_average_precision_score``, which it equals with the rows' numbers of labels
    as weights.
    """
    precisions = _precisions(case)
    return float(precisions.mean()) if len(precisions) else float("nan")


def map_at_3(case: Case) -> float:
    """Return the mean average precision at 3 over labelled rows, as Kaggle defines MAP@K; NaN without any.

    A row's value is the sum of precision@k over the ranks k <= 3 that hold a true label, over min(labels, 3). With one
    label (Freesound 2018) it is 1, 1/2, 1/3 or 0.
    """
    ranks = case.label_ranks
    if not len(ranks.row):
        return float("nan")
    rank = ranks.place + ranks.false_at_least
    gains = np.where(rank <= _TOP, ranks.place / rank, 0.0)
    first = ranks.first_of_row
    labels = np.diff(first, append=len(rank))
    return float(np.mean(np.add.reduceat(gains, first) / np.minimum(labels, _TOP)))


def top1_accuracy(case: Case) -> float:
    """Return the share of labelled rows whose highest score is a true label's; NaN without any.

    A row counts only where that score is above those of all false classes.
    """
    ranks = case.label_ranks
    first = ranks.first_of_row
    return float(np.mean(ranks.false_at_least[first] == 0)) if len(first) else float("nan")


def _precisions(case: Case) -> np.ndarray:
    """``(labels,)``: the precision at the rank of each true label."""
    ranks = case.label_ranks
    return np.asarray(ranks.true_at_least / (ranks.true_at_least + ranks.false_at_least))
