"""Scores of a part of the data with its counts: of each class, of each group of clips, by number of labels."""

import numpy as np
import pandas as pd

from analysis.errors import UserError
from analysis.metrics import Case, measure
from analysis.metrics.average_precision import class_average_precisions
from analysis.metrics.groups import COLUMN_METRICS, POLYPHONY_LEVELS
from analysis.metrics.roc_auc import class_aucs
from analysis.records.clip_scores import ClipScores

GROUP_METRICS = tuple(name for name in COLUMN_METRICS if name != "icbhi_score")
"""Defined for any number of labels."""


def by_class(clips: ClipScores) -> pd.DataFrame:
    """A row per class, the lowest average precision first, classes that never occur last.

    Columns: `clips` that have the class; `auc` and `average_precision`; `precision`, `recall` and `f1`, decided at
    0.5, of `claimed` clips; `prevalence`, which is the average precision of chance. NaN where the data define none.
    """
    case = clips.case
    counts = case.confusion
    table = pd.DataFrame(
        {
            "clips": counts.actual,
            "auc": class_aucs(case),
            "average_precision": class_average_precisions(case),
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
            "claimed": counts.claimed,
            "prevalence": counts.actual / len(clips.clip_ids),
        },
        index=pd.Index(clips.classes, name="class"),
    )
    return table.sort_values("average_precision", kind="stable")


def by_polyphony(clips: ClipScores) -> pd.DataFrame:
    """A row per number of labels (0, 1, 2, 3+) that occurs, with the columns of `by_column`.

    ROC-AUC compares clips with and without a class, both among clips with that many labels.
    """
    labels = np.minimum(clips.positive.sum(axis=1), len(POLYPHONY_LEVELS) - 1)
    names = np.array(POLYPHONY_LEVELS, dtype=object)[labels]
    table = _by_values(clips, names, "labels")
    return table.loc[[level for level in POLYPHONY_LEVELS if level in table.index]]


def by_column(clips: ClipScores, about: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row per value of a column, the one with the most clips first.

    Columns: `clips`; `labels`, how many they have in all; `classes` that are both there and missing, over which a
    macro mean is taken (compare groups with much the same classes only); then the metrics.

    Args:
        clips: what was predicted.
        about: a table with `clip_id` and the column, such as a catalogue's clips.
        column: `site`, `author`, `extra_device`, ...; clips without a value are one group of their own.

    Raises:
        UserError: no such column, a clip that the table does not have, or has twice.
    """
    values = _looked_up(clips, about, column)
    names = np.array(["(none)" if pd.isna(value) else str(value) for value in values], dtype=object)
    return _by_values(clips, names, column).sort_values("clips", ascending=False, kind="stable")


def _by_values(clips: ClipScores, names: np.ndarray, title: str) -> pd.DataFrame:
    case = clips.case
    rows = {name: _row(case.of_rows(names == name)) for name in sorted(set(names))}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(title)


def _row(case: Case) -> dict[str, float]:
    counts = {"clips": len(case.scores), "labels": int(case.positive.sum()), "classes": int(case.has_both.sum())}
    return {**counts, **measure(case, GROUP_METRICS)}


def _looked_up(clips: ClipScores, about: pd.DataFrame, column: str) -> pd.Series:
    for name in ("clip_id", column):
        if name not in about:
            raise UserError(f"the table has no column {name!r}. Try: one of {', '.join(map(str, about))}")
    own = about[about["clip_id"].isin(clips.clip_ids)].set_index("clip_id")[column]
    if not own.index.is_unique:
        twice = own.index[own.index.duplicated()][0]
        raise UserError(f"clip_id must be there once, twice: {twice}. Try: a table with one row per clip")
    missing = sorted(set(clips.clip_ids) - set(own.index))
    if missing:
        lacks = f"the table lacks {len(missing)} of {len(clips.clip_ids)} clips, first: {missing[0]}"
        raise UserError(f"{lacks}. Try: the catalogue that the run was trained on")
    return own.loc[list(clips.clip_ids)]
