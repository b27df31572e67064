"""What one change did to one score over several pairs of configurations, and whether that is more than noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Status = Literal["shown", "not shown", "mixed", "unknown"]
ALPHA = 0.05


@dataclass(frozen=True)
class Yardstick:
    """What a difference is measured by."""

    sd: float = math.nan
    """of one submission's score between repeats; NaN: not known"""
    freedom: float = math.inf
    """degrees of freedom of that sd; infinite where it was given"""
    tests: int = 1
    """changes that are looked at together, and share the level (Bonferroni)"""


@dataclass(frozen=True)
class Difference:
    """Gains of a score: positive is better, whatever the score's own direction."""

    gains: tuple[float, ...]
    """one per pair; NaN where one of the two has no such score"""
    mean: float
    low: float
    """of the simultaneous 95 % interval of the mean; NaN where nothing says how large the noise is"""
    high: float
    status: Status
    """`shown`: the interval leaves out 0. `mixed`: gains in some pairs and losses in others, each more than noise.
    `unknown`: one pair, and nothing says how large the noise is."""

    @property
    def better(self) -> int:
        """Pairs that gained."""
        return sum(gain > 0 for gain in self.gains)

    @property
    def worse(self) -> int:
        """Pairs that lost."""
        return sum(gain < 0 for gain in self.gains)

    @property
    def pairs(self) -> int:
        """Pairs with both scores."""
        return sum(not math.isnan(gain) for gain in self.gains)


def difference(gains: Sequence[float], weights: Sequence[float], yardstick: Yardstick) -> Difference:
    """The mean gain with its interval.

    With a known noise sd the standard error is that of the noise, by t where repeats of this table show it; without,
    it is that of the spread over pairs (paired t), which takes at least two of them.

    Args:
        gains: ``(k,)``, one per pair, NaN where a score is missing.
        weights: ``(k,)``, 1/n + 1/m for means over n and m submissions: 2 where each is one submission.
        yardstick: the noise, and how many such means are looked at together.
    """
    kept = [(gain, weight) for gain, weight in zip(gains, weights, strict=True) if not math.isnan(gain)]
    if not kept:
        return Difference(tuple(gains), math.nan, math.nan, math.nan, "unknown")
    values, scale = np.array(kept).T
    mean, known = float(values.mean()), not math.isnan(yardstick.sd)
    if not known and len(values) < 2:
        return Difference(tuple(gains), mean, math.nan, math.nan, "unknown")
    error = yardstick.sd * math.sqrt(scale.sum()) / len(values) if known else stats.sem(values)
    margin = float(error) * _critical(yardstick.freedom if known else len(values) - 1, yardstick.tests)
    status: Status = "shown" if abs(mean) > margin else "not shown"
    if known and _mixed(values, scale, yardstick):
        status = "mixed"
    return Difference(tuple(gains), mean, mean - margin, mean + margin, status)


def _mixed(values: np.ndarray, scale: np.ndarray, yardstick: Yardstick) -> bool:
    margins = yardstick.sd * np.sqrt(scale) * _critical(yardstick.freedom, yardstick.tests * len(values))
    return bool((values > margins).any() and (values < -margins).any())


def _critical(freedom: float, tests: int) -> float:
    """The two-sided critical value of t, or of the normal distribution where `freedom` is infinite."""
    return float(stats.t.isf(ALPHA / (2 * tests), freedom))
