"""Metrics of a part of the classes or rows: by frequency of the class, by class, by polyphony, by site or author.

The names are ``<metric>@<group>``, such as ``macro_f1@rare``, ``map@polyphony=2``, ``macro_auc@site=INCT17``. Which
there are follows from the arguments other than the scores, so every epoch of a run reports the same. A metric that a
group does not define is NaN.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from analysis.metrics.case import Case
from analysis.metrics.registry import METRICS, measure

FREQUENCY_METRICS = ("macro_auc", "map", "macro_f1", "macro_precision", "macro_recall")
"""By frequency of the class, and of each class by itself: the means over classes."""

POLYPHONY_METRICS = tuple(name for name in METRICS if name not in ("icbhi_score", "temporal_consistency"))
"""By number of labels: all that neither compare rows with and without labels nor need a row's neighbours."""

COLUMN_METRICS = ("macro_auc", "map", "macro_f1", "micro_f1", "lwlrap", "icbhi_score")
"""By a column's values: the main one of each family, as there are up to 14 numbers of each."""

MOST_GROUPS = 12
"""Values of a column that are reported, those with the most rows."""

POLYPHONY_LEVELS = ("0", "1", "2", "3+")


def by_frequency(
    case: Case, train_counts: np.ndarray, rare_below: int | None, frequent_above: int | None
) -> dict[str, float]:
    """Return ``FREQUENCY_METRICS`` over the classes that are ``rare``, ``common`` and ``frequent``.

    ``common`` is what is neither; without a bound there is no such group, without both there is none at all. Reporting
    by frequency follows the AnuraSet baseline and Mix2.

    Args:
        case: the rows to score.
        train_counts: ``(classes,)``, training clips of each class.
        rare_below: classes with fewer training clips are rare.
        frequent_above: classes with more are frequent.
    """
    if train_counts.shape != (case.scores.shape[1],):
        raise ValueError(f"train_counts must have the shape ({case.scores.shape[1]},), got {train_counts.shape}")
    groups = {}
    if rare_below is not None:
        groups["rare"] = train_counts < rare_below
    if frequent_above is not None:
        groups["frequent"] = train_counts > frequent_above
    if groups:
        groups["common"] = ~np.logical_or.reduce(list(groups.values()))
    measured: dict[str, float] = {}
    for group, classes in groups.items():
        measured |= _named(group, _measured(case.of_classes(classes), FREQUENCY_METRICS))
    return measured


def by_class(case: Case, classes: Sequence[str]) -> dict[str, float]:
    """Return ``FREQUENCY_METRICS`` of each class by itself, such as ``macro_f1@class=robin``.

    ``classes``: the names of the ``(classes,)`` columns.

    Over one class a macro mean is that class's own value.
    """
    measured: dict[str, float] = {}
    for number, name in enumerate(classes):
        alone = np.arange(len(classes)) == number
        measured |= _named(f"class={name}", _measured(case.of_classes(alone), FREQUENCY_METRICS))
    return measured


def by_polyphony(case: Case) -> dict[str, float]:
    """Return ``POLYPHONY_METRICS`` of the rows with 0, 1, 2, and 3 or more labels.

    Of rows without labels most are undefined; ``accuracy@polyphony=0`` is the share of them without a false alarm.
    """
    labels = np.minimum(np.count_nonzero(case.positive, axis=1), len(POLYPHONY_LEVELS) - 1)
    measured: dict[str, float] = {}
    for level, name in enumerate(POLYPHONY_LEVELS):
        measured |= _named(f"polyphony={name}", _measured(case.of_rows(labels == level), POLYPHONY_METRICS))
    return measured


def by_column(case: Case, column: str, values: np.ndarray) -> dict[str, float]:
    """Return ``COLUMN_METRICS`` of the rows of each value, and their mean and worst over those values.

    Only the 12 values with the most rows are taken, of equals the first by name. A mean skips the groups that do not
    define the metric; ``worst`` is the lowest, or the highest of a metric to be minimised.

    Args:
        case: the rows to score.
        column: the name to report, such as ``site``.
        values: ``(n,)``, named by their text; rows with None or NaN belong to no group.
    """
    if values.shape != (len(case.scores),):
        raise ValueError(f"values of {column} must have the shape ({len(case.scores)},), got {values.shape}")
    texts = np.array([None if value is None or value != value else str(value) for value in values], dtype=object)
    groups = {value: _measured(case.of_rows(texts == value), COLUMN_METRICS) for value in _largest(texts)}
    measured: dict[str, float] = {}
    for value, metrics in groups.items():
        measured |= _named(f"{column}={value}", metrics)
    for name in COLUMN_METRICS:
        scores = np.array([metrics[name] for metrics in groups.values()])
        defined = scores[~np.isnan(scores)]
        worst = np.min if METRICS[name].direction == "max" else np.max
        measured[f"{name}@{column}:mean"] = float(defined.mean()) if defined.size else float("nan")
        measured[f"{name}@{column}:worst"] = float(worst(defined)) if defined.size else float("nan")
    return measured


def _largest(texts: np.ndarray) -> list[str]:
    """The most frequent texts, in the order of their names."""
    names, rows = np.unique([text for text in texts if text is not None], return_counts=True)
    return sorted(str(name) for name in names[np.argsort(-rows, kind="stable")[:MOST_GROUPS]])


def _measured(case: Case, names: Iterable[str]) -> dict[str, float]:
    """The named metrics; all NaN for a group without rows or without classes."""
    return measure(case, names) if case.scores.size else dict.fromkeys(names, float("nan"))


def _named(group: str, metrics: dict[str, float]) -> dict[str, float]:
    return {f"{name}@{group}": value for name, value in metrics.items()}
