"""Whether a searched parameter and the score go together, as far as the trials of one sweep can tell."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.search_parameters import SearchParameter, of_one_configuration

MIN_TRIALS = 6
"""Fewer complete trials than this are not tested."""


@dataclass(frozen=True)
class Association:
    """The rank test of one parameter; ``p`` is NaN where it was not tested, and ``reason`` then says why."""

    parameter: str
    method: str
    statistic: float
    p: float
    n: int
    reason: str = ""

    @property
    def is_tested(self) -> bool:
        """Tell whether there were trials enough, and values apart, to test it."""
        return not np.isnan(self.p)

    def shown(self, n_tests: int, level: float = 0.05) -> bool:
        """Tell whether the association holds after Bonferroni's correction for ``n_tests`` such tests."""
        return bool(self.p * n_tests < level)


def association(trials: pd.DataFrame, parameter: SearchParameter) -> Association:
    """Test one parameter against the score over complete trials: Kruskal-Wallis for choices, Spearman for ranges.

    Rank tests, because scores near saturation are skewed. An adaptive sampler spends more trials where scores are high
    and other parameters change along: a sign of where to look, not a controlled comparison.
    """
    trials = of_one_configuration(trials)
    complete = parameter.active(trials[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))])
    scores = complete["score"].to_numpy(dtype=float)
    reason = _why_not(scores)
    if reason:
        return _untested(parameter, len(scores), reason)
    return _kruskal(parameter, complete, scores) if parameter.is_choice else _spearman(parameter, complete, scores)


def _why_not(scores: np.ndarray) -> str:
    if len(scores) < MIN_TRIALS:
        return f"only {len(scores)} complete trial{'' if len(scores) == 1 else 's'}"
    return "all scores are equal" if np.ptp(scores) == 0 else ""


def _kruskal(parameter: SearchParameter, complete: pd.DataFrame, scores: np.ndarray) -> Association:
    labels = np.asarray(parameter.labels(complete))
    groups = [scores[labels == label] for label in np.unique(labels)]
    groups = [group for group in groups if len(group) >= 2]
    if len(groups) < 2:
        return _untested(parameter, len(scores), "fewer than two choices with two complete trials")
    test = stats.kruskal(*groups)
    return Association(parameter.path, "Kruskal–Wallis", float(test.statistic), float(test.pvalue), len(scores))


def _spearman(parameter: SearchParameter, complete: pd.DataFrame, scores: np.ndarray) -> Association:
    values = complete[parameter.column].to_numpy(dtype=float)
    if np.ptp(values) == 0:
        return _untested(parameter, len(scores), "all values are equal")
    test = stats.spearmanr(values, scores)
    return Association(parameter.path, "Spearman", float(test.statistic), float(test.pvalue), len(scores))


def _untested(parameter: SearchParameter, n: int, reason: str) -> Association:
    return Association(parameter.path, "", float("nan"), float("nan"), n, reason)
