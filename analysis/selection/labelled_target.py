"""Stored target predictions scored by a few labelled windows, and what each dozen of labels buys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.coefficients import coefficient
from analysis.correlation.regret import decision_regret
from analysis.errors import UserError
from analysis.metrics import per_class_auc
from analysis.selection.pool import Windows
from analysis.selection.target_labels import TargetLabels

DOZEN = 12
FEWEST_RUNS = 3
LEVEL = 0.95


@dataclass(frozen=True)
class Scored:
    """Runs beside the labels of the same windows."""

    runs: tuple[str, ...]
    probabilities: np.ndarray
    """(runs, windows, classes)"""
    labels: TargetLabels

    def macro_auc(self, rows: np.ndarray | None = None) -> np.ndarray:
        """(runs,) macro ROC-AUC over the classes with positives and negatives; NaN where there is none.

        Args:
            rows: numbers of the windows it is made from; None: all.
        """
        chosen = np.arange(len(self.labels.clip_ids)) if rows is None else rows
        targets, scores = self.labels.targets[chosen], self.probabilities[:, chosen]
        both = targets.any(axis=0) & ~targets.all(axis=0)
        if not both.any():
            return np.full(len(self.runs), np.nan)
        flat = scores[:, :, both].transpose(1, 0, 2).reshape(len(chosen), -1)
        per_class = per_class_auc(np.tile(targets[:, both], len(self.runs)), flat)
        mean: np.ndarray = per_class.reshape(len(self.runs), -1).mean(axis=1)
        return mean

    def score(self) -> pd.Series:
        """Run -> macro ROC-AUC on all labelled windows."""
        return pd.Series(self.macro_auc(), index=list(self.runs))


@dataclass(frozen=True)
class LabelsWorth:
    """What a number of labelled windows is worth, over random draws of whole recordings."""

    windows: int
    """at least so many, as whole recordings give them"""
    spearman: float
    """mean rank agreement of the runs' scores with the truth"""
    low: float
    """the interval that 95 % of the draws lie in"""
    high: float
    regret: float
    """mean loss of picking the best by these labels, in units of the truth"""
    undefined: int
    """draws without a class that has positives and negatives, left out"""


def match_labels(windows: Mapping[str, Windows], labels: TargetLabels) -> Scored:
    """The predictions of the labelled windows.

    Args:
        windows: run -> its predictions of the target; all of the same windows.
        labels: windows among them.

    Raises:
        UserError: no run stored target predictions, or a labelled window is not among them.
    """
    if not windows:
        raise UserError("no run stored predictions of the target. Try: data.predict=[target] in the recipe, then train")
    first = next(iter(windows.values()))
    places = {key: row for row, key in enumerate(_keys(first.clip_ids, first.start_s))}
    wanted = _keys(labels.clip_ids, labels.start_s)
    strange = [key for key in wanted if key not in places]
    if strange or not wanted:
        clip, start = strange[0] if strange else ("none", 0.0)
        raise UserError(
            f"{len(strange)} of {len(wanted)} labelled windows are not among the {len(places)} windows that the runs "
            f"predict, first: {clip} at {start:g} s. Try: clip_id and start_s as in the stored predictions, such as "
            f"{first.clip_ids[0]} at {float(first.start_s[0]):g} s"
        )
    rows = [places[key] for key in wanted]
    return Scored(tuple(windows), np.stack([own.probabilities[rows] for own in windows.values()]), labels)


def label_curve(
    scored: Scored, truth: pd.Series | None = None, sizes: Sequence[int] | None = None, draws: int = 40, seed: int = 0
) -> tuple[LabelsWorth, ...]:
    """What each dozen of labelled windows buys.

    A draw takes whole recordings in a random order until it has enough windows, since windows of one recording tell
    much the same. Against the score by all labels the agreement is an upper bound, because the labels drawn are among
    them: it says when more of these labels would change little, not how well they predict the leaderboard.

    Args:
        scored: runs and labels.
        truth: run -> what is to be predicted, higher is better; None: the score by all labels.
        sizes: numbers of windows; None: every dozen, and all.
        draws: of each size.
        seed: of the draws.
    """
    wanted = scored.score() if truth is None else truth.reindex(list(scored.runs)).astype(float)
    known = np.isfinite(wanted.to_numpy())
    if known.sum() < FEWEST_RUNS:
        return ()
    total, rng = len(scored.labels.clip_ids), np.random.default_rng(seed)
    orders = [_order(scored.labels.clip_ids, rng) for _ in range(draws)]
    chosen = sizes or [*range(DOZEN, total, DOZEN), total]
    return tuple(_worth(scored, wanted.to_numpy(), known, orders, size) for size in chosen if size <= total)


def _worth(
    scored: Scored, truth: np.ndarray, known: np.ndarray, orders: Sequence[list[np.ndarray]], size: int
) -> LabelsWorth:
    found = [scored.macro_auc(_first(order, size))[known] for order in orders]
    defined = [one for one in found if np.isfinite(one).all()]
    agreement = np.array([coefficient("spearman", one, truth[known]) for one in defined] or [np.nan])
    lost = [decision_regret(one, truth[known], count=1).value for one in defined] or [float("nan")]
    mean, low, high = float("nan"), float("nan"), float("nan")
    if np.isfinite(agreement).any():
        mean = float(np.nanmean(agreement))
        low, high = (float(end) for end in np.nanquantile(agreement, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return LabelsWorth(size, mean, low, high, float(np.mean(lost)), len(found) - len(defined))


def _order(clip_ids: Sequence[str], rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of each recording, recordings in a random order."""
    names, which = np.unique(np.array(clip_ids), return_inverse=True)
    return [np.flatnonzero(which == number) for number in rng.permutation(len(names))]


def _first(order: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Rows of the first recordings that have at least `size` windows together."""
    ends = np.cumsum([len(rows) for rows in order])
    return np.concatenate(order[: int(np.searchsorted(ends, size)) + 1])


def _keys(clip_ids: Sequence[str], start_s: np.ndarray) -> list[tuple[str, float]]:
    starts = np.asarray(start_s, dtype=float).round(2)
    return list(zip(clip_ids, map(float, starts), strict=True))
