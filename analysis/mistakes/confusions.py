"""Which class is predicted where another one is true: confusion for clips with any number of labels.

With one label per clip, a false alarm belongs to the one true class. With several it doesn't, so each pair (true,
predicted) is looked at where the first is a label and the second is not, and held against the clips where neither is:
a class that is predicted everywhere is taken for nothing in particular. The idea of a matrix over true and falsely
predicted labels is that of Heydarian, Doyle and Samavi 2022 (MLCM); the definition by mean probabilities is ours, so
that it needs no threshold.
"""

import numpy as np
import pandas as pd

from analysis.metrics.case import POSITIVE_ABOVE
from analysis.records.clip_scores import ClipScores

FEWEST = 5
"""Clips on either side below which a pair is not ranked."""


def co_activation(clips: ClipScores) -> pd.DataFrame:
    """Mean probability of the column's class where the row's class is a label and the column's is not.

    ``(classes, classes)``; on the diagonal the mean probability of a class where it is a label. NaN without such clips.
    """
    mean = _pair_means(clips.positive, clips.positive, clips.probabilities)
    own = np.where(clips.positive, clips.probabilities, 0.0).sum(axis=0)
    np.fill_diagonal(mean, _share(own, clips.positive.sum(axis=0)))
    return pd.DataFrame(mean, pd.Index(clips.classes, name="true"), pd.Index(clips.classes, name="predicted"))


def top_confusions(clips: ClipScores, most: int = 20) -> pd.DataFrame:
    """The pairs of classes that are confused most, by `excess`.

    Columns: `true`, `predicted`; `clips` where the first is a label and the second is not; `false_alarms` of the
    second there, above 0.5; `probability` its mean there; `elsewhere` its mean where neither is a label; `excess` the
    difference of both means; `standard_error` of it, clips taken as independent.
    """
    true, predicted = np.nonzero(~np.eye(len(clips.classes), dtype=bool))
    here, there = (_pair_counts(chosen, clips.positive) for chosen in (clips.positive, ~clips.positive))
    enough = (here[true, predicted] >= FEWEST) & (there[true, predicted] >= FEWEST)
    true, predicted = true[enough], predicted[enough]
    names = np.array(clips.classes, dtype=object)
    table = pd.DataFrame({"true": names[true], "predicted": names[predicted], "clips": here[true, predicted]})
    alarms = _pair_sums(clips.positive, clips.positive, (clips.probabilities > POSITIVE_ABOVE).astype(float))
    table["false_alarms"] = alarms[true, predicted].round().astype(int)
    table["probability"] = _pair_means(clips.positive, clips.positive, clips.probabilities)[true, predicted]
    table["elsewhere"] = _pair_means(~clips.positive, clips.positive, clips.probabilities)[true, predicted]
    table["excess"] = table["probability"] - table["elsewhere"]
    variance = _mean_variance(clips, clips.positive) + _mean_variance(clips, ~clips.positive)
    table["standard_error"] = np.sqrt(variance)[true, predicted]
    return table.sort_values("excess", ascending=False, kind="stable").head(most).reset_index(drop=True)


def _pair_sums(chosen: np.ndarray, positive: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(classes, classes) sums of the column's values over the clips chosen for the row without the column's label."""
    return np.asarray(chosen.T.astype(float) @ np.where(positive, 0.0, values))


def _pair_counts(chosen: np.ndarray, positive: np.ndarray) -> np.ndarray:
    return np.asarray(_pair_sums(chosen, positive, np.ones(positive.shape)).round().astype(int))


def _pair_means(chosen: np.ndarray, positive: np.ndarray, values: np.ndarray) -> np.ndarray:
    return _share(_pair_sums(chosen, positive, values), _pair_counts(chosen, positive))


def _mean_variance(clips: ClipScores, chosen: np.ndarray) -> np.ndarray:
    """(classes, classes) squared standard error of the means over the chosen clips; rounding can't make it negative."""
    counts = _pair_counts(chosen, clips.positive)
    mean = _pair_means(chosen, clips.positive, clips.probabilities)
    squares = _pair_means(chosen, clips.positive, clips.probabilities**2)
    return np.asarray(np.maximum(squares - mean**2, 0) / np.maximum(counts - 1, 1))


def _share(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
