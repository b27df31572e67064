"""Ways to make one prediction of several: means of probabilities, of their logarithms, of ranks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from analysis.errors import UserError
from analysis.metrics import METRICS

LEAST = 1e-6
"""Smallest probability that enters a geometric mean: one member that says 0 is no veto."""
RANK_METRICS = ("macro_auc", "map")
"""Metrics that only compare clips within a class: all that a mean of ranks can be judged by."""


@dataclass(frozen=True)
class Combination:
    """A mean of what `enter` makes of each member; `leave` turns it into the ensemble's prediction."""

    name: str
    enter: Callable[[np.ndarray], np.ndarray]
    """(members, clips, classes) -> the same shape"""
    leave: Callable[[np.ndarray], np.ndarray]
    """(clips, classes) -> the same shape"""
    definition: str
    """one sentence"""

    def combine(self, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(clips, classes) prediction of the ensemble.

        Args:
            probabilities: (members, clips, classes).
            weights: (members,) not negative; whole numbers keep clips that tie in the mean of ranks tied.
        """
        return self.leave(np.tensordot(weights, self.enter(probabilities), axes=1) / weights.sum())


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities, LEAST)))


def _ranks(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(rankdata(probabilities, axis=1))


def _share_of_clips(ranks: np.ndarray) -> np.ndarray:
    return np.asarray(ranks / len(ranks))


_ALL = (
    Combination("arithmetic", _same, _same, "Mean of the probabilities."),
    Combination("geometric", _log, np.exp, "Geometric mean of the probabilities, of at least 1e-6."),
    Combination(
        "rank", _ranks, _share_of_clips, "Mean of the ranks of the clips within a class: blind to calibration."
    ),
)
COMBINATIONS: dict[str, Combination] = {one.name: one for one in _ALL}


def check_choice(metric: str, combination: str) -> None:
    """Refuse what does not exist and what does not go together.

    Raises:
        UserError: naming what there is.
    """
    if combination not in COMBINATIONS:
        raise UserError(f"combination must be one of {', '.join(COMBINATIONS)}, got {combination!r}. Try: arithmetic")
    if metric not in METRICS or metric == "temporal_consistency":  # which needs the order of windows
        known = ", ".join(name for name in METRICS if name != "temporal_consistency")
        raise UserError(f"metric must be one of {known}, got {metric!r}. Try: macro_auc")
    if combination == "rank" and metric not in RANK_METRICS:
        raise UserError(f"a mean of ranks has no {metric}: it says nothing of probabilities. Try: macro_auc or map")
