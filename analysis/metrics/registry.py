"""Every metric of the project by name, with its direction, definition and source."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.metrics.average_precision import class_average_precisions, padded_mean_average_precision
from analysis.metrics.case import Case, absent_classes, as_case, macro_mean
from analysis.metrics.label_ranking import lwlrap, map_at_3, top1_accuracy
from analysis.metrics.roc_auc import class_aucs, pooled_auc
from analysis.metrics.row_decisions import accuracy, icbhi_score, temporal_consistency

Direction = Literal["max", "min"]
_ANURASET = "AnuraSet (Canas et al. 2023) and Mix2, with absent classes skipped where torchmetrics averages in 0"
_MICRO = "scikit-learn (average='micro'); reported by fabiocat93/icbhi_2017_challenge"


@dataclass(frozen=True)
class Metric:
    """A score of one set of predictions."""

    name: str
    compute: Callable[[Case], float]
    """NaN where the data do not define it"""
    direction: Direction
    """max: higher is better"""
    definition: str
    """one sentence"""
    source: str
    """the paper, competition or repository that it is taken from"""


_ALL = (
    Metric(
        "macro_auc",
        lambda case: macro_mean(class_aucs(case)),
        "max",
        "Mean ROC-AUC over the classes that have both positives and negatives.",
        "BirdCLEF 2024 and 2025 (kaggle_metric_utilities, birdclef-roc-auc)",
    ),
    Metric(
        "micro_auc",
        pooled_auc,
        "max",
        "ROC-AUC of all (row, class) decisions taken as one class.",
        _MICRO,
    ),
    Metric(
        "map",
        lambda case: macro_mean(class_average_precisions(case)),
        "max",
        "Mean average precision over the classes that occur, without interpolation.",
        "scikit-learn average_precision_score (average='macro'), with absent classes skipped",
    ),
    Metric(
        "cmap",
        padded_mean_average_precision,
        "max",
        "Mean average precision over all classes after five rows are added in which every class is true with "
        "probability 1, so that an absent class counts with about 1.",
        "BirdCLEF 2023 (padded cmAP); VSydorskyy/BirdCLEF_2023_1st_place",
    ),
    Metric(
        "macro_f1",
        lambda case: macro_mean(case.confusion.f1),
        "max",
        "Mean over the classes that occur of 2 TP / (2 TP + FP + FN), decided at 0.5.",
        _ANURASET,
    ),
    Metric(
        "micro_f1",
        lambda case: macro_mean(case.confusion.pooled.f1),
        "max",
        "2 TP / (2 TP + FP + FN) with the decisions at 0.5 of all classes counted together.",
        _MICRO,
    ),
    Metric(
        "macro_precision",
        lambda case: macro_mean(case.confusion.precision),
        "max",
        "Mean over the classes that occur of TP / (TP + FP), decided at 0.5; 0 for one that is never predicted.",
        "scikit-learn (average='macro', zero_division=0); reported by fabiocat93/icbhi_2017_challenge",
    ),
    Metric(
        "macro_recall",
        lambda case: macro_mean(case.confusion.recall),
        "max",
        "Mean over the classes that occur of TP / (TP + FN), decided at 0.5.",
        "scikit-learn (average='macro'); reported by fabiocat93/icbhi_2017_challenge",
    ),
    Metric(
        "micro_precision",
        lambda case: macro_mean(case.confusion.pooled.precision),
        "max",
        "TP / (TP + FP) with the decisions at 0.5 of all classes counted together.",
        _MICRO,
    ),
    Metric(
        "micro_recall",
        lambda case: macro_mean(case.confusion.pooled.recall),
        "max",
        "TP / (TP + FN) with the decisions at 0.5 of all classes counted together.",
        _MICRO,
    ),
    Metric(
        "lwlrap",
        lwlrap,
        "max",
        "Mean over all true labels of all rows of the share of true labels among the classes of the row that score at "
        "least as high.",
        "label-weighted label-ranking average precision, Howard and Ellis for DCASE 2019 task 2 (Fonseca et al. 2019)",
    ),
    Metric(
        "map_at_3",
        map_at_3,
        "max",
        "Mean over labelled rows of the sum of precision@k at the ranks k <= 3 that hold a true label, over the number "
        "of labels or 3, whichever is less.",
        "Freesound General-Purpose Audio Tagging Challenge 2018 (DCASE 2018 task 2); Kaggle's MAP@K",
    ),
    Metric(
        "icbhi_score",
        icbhi_score,
        "max",
        "Mean of sensitivity and specificity over the four classes that two labels make, decided at 0.5; undefined for "
        "any other number of labels.",
        "ICBHI 2017 challenge (Rocha et al., Physiological Measurement 40, 2019)",
    ),
    Metric(
        "accuracy",
        accuracy,
        "max",
        "Share of rows whose set of labels is exactly that predicted at 0.5, an empty set included.",
        "subset accuracy, scikit-learn accuracy_score",
    ),
    Metric(
        "top1_accuracy",
        top1_accuracy,
        "max",
        "Share of labelled rows whose highest score is that of a true label.",
        "single-label accuracy as in daisukelab/ml-sound-classifier",
    ),
    Metric(
        "temporal_consistency",
        temporal_consistency,
        "max",
        "Share of neighbouring rows of a recording whose decisions at 0.5 agree, over the classes that occur; "
        "undefined without recordings and starts.",
        "wished for by fabiocat93/icbhi_2017_challenge (notes, future work); the definition is ours",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


def measure(case: Case, names: Iterable[str] = tuple(METRICS)) -> dict[str, float]:
    """Return the named metrics of a case, NaN where it does not define one."""
    return {name: METRICS[name].compute(case) for name in names}


def evaluate(
    targets: np.ndarray, probabilities: np.ndarray, sequence: tuple[np.ndarray, np.ndarray] | None = None
) -> dict[str, float]:
    """Return every registered metric by name, and ``absent_classes``: how many classes the macro ones leave out.

    Args:
        targets: ``(n, classes)``; positive where > 0.5.
        probabilities: ``(n, classes)``.
        sequence: recording ``(n,)`` int and start in s ``(n,)`` float of each row, for temporal metrics.

    Raises:
        ValueError: shapes that do not fit, no row or no class, NaN.
    """
    case = as_case(targets, probabilities, sequence)
    return {**measure(case), "absent_classes": float(absent_classes(case.positive))}
