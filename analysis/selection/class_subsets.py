"""Validation scores over the classes with enough positives: a class of three clips adds noise, not knowledge."""

import numpy as np
import pandas as pd

from analysis.metrics import macro_auc
from analysis.selection.pool import Pool, Windows

FEWEST_CLIPS = (5, 10, 20, 40)
"""Positive validation clips that a class needs."""
FEWEST_CLASSES = 2


def class_subset_scores(pool: Pool) -> pd.DataFrame:
    """Validation macro ROC-AUC over the classes with at least so many positive clips, a column per number.

    From stored predictions: a clip's score is the mean probability of its windows. A number that leaves out no class,
    or that leaves fewer than two, has no column. Classes chosen because they follow the leaderboard are not among
    these: that choice finds r = .6 in pure noise (docs/findings.md).

    Args:
        pool: runs, of which those that stored labelled validation windows take part; all have the same windows.
    """
    clips = {run: _by_clip(own) for run, own in pool.windows("val").items() if own.targets is not None}
    if not clips:
        return pd.DataFrame(index=list(pool.runs))
    positives = next(iter(clips.values()))[0].sum(axis=0)
    chosen = {count: positives >= count for count in FEWEST_CLIPS}
    columns = {
        f"val/macro_auc, classes of {count}+ clips": {
            run: macro_auc(targets[:, wanted], scores[:, wanted]) for run, (targets, scores) in clips.items()
        }
        for count, wanted in chosen.items()
        if FEWEST_CLASSES <= wanted.sum() < len(wanted)
    }
    return pd.DataFrame(columns, index=list(pool.runs), dtype=float)


def _by_clip(own: Windows) -> tuple[np.ndarray, np.ndarray]:
    """(targets, mean probabilities), both (clips, classes)."""
    assert own.targets is not None
    _, first, clip = np.unique(np.array(own.clip_ids), return_index=True, return_inverse=True)
    summed = np.zeros((len(first), own.probabilities.shape[1]))
    np.add.at(summed, clip, own.probabilities)
    return own.targets[first], summed / np.bincount(clip)[:, None]
