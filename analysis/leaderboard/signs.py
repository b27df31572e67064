"""The sign of every setting: which way validation and leaderboard go with it over all submissions.

Unlike an effect, nothing is held fixed: in a random search no two runs differ in one setting only, and this is what
can be seen all the same. Other settings may have changed along.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.coefficients import coefficient
from analysis.correlation.groups import stated
from analysis.correlation.intervals import FEWEST, BootstrapInterval, bootstrap_intervals
from analysis.correlation.pairs import Pairs
from analysis.leaderboard.configurations import levels

RESAMPLES = 2_000
FEWEST_WITH_VALUE = 2
"""Submissions with and without a value, below which nothing is said about it."""
MOST_VALUES = 6
"""Values of a setting that are looked at, the most frequent ones."""


@dataclass(frozen=True)
class Association:
    """Spearman's coefficient of a setting with a score that is turned so that higher is better."""

    value: float
    low: float
    """of the 95 % interval over submissions; NaN where the resamples define none"""
    high: float

    @property
    def sign(self) -> int:
        """+1 or -1 where the interval leaves out 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True)
class Sign:
    """A setting with numbers, or one value of a setting against all others."""

    setting: str
    value: str
    """empty where the setting is a number"""
    n: int
    cv: Association
    leaderboard: Association

    @property
    def name(self) -> str:
        """`optimizer.lr`, or `loss.name = ce`."""
        return f"{self.setting} = {self.value}" if self.value else self.setting

    @property
    def opposite(self) -> bool:
        """Whether validation and leaderboard go opposite ways, whether or not that is sure."""
        return self.cv.value * self.leaderboard.value < 0


def signs(pairs: Pairs, settings: Sequence[str], seed: int = 0) -> list[Sign]:
    """Every setting's association with both scores, those that go most apart first.

    Args:
        pairs: submissions with both scores.
        settings: columns of text.
        seed: of the resamples.
    """
    found = [
        Sign(
            setting,
            value,
            len(kept),
            _association(codes, pairs.x[kept], seed),
            _association(codes, pairs.y[kept], seed),
        )
        for setting in settings
        for value, kept, codes in _contrasts(pairs.table[setting])
    ]
    told = [one for one in found if np.isfinite([one.cv.value, one.leaderboard.value]).all()]
    return sorted(told, key=lambda one: -abs(one.cv.value - one.leaderboard.value))


def _contrasts(column: pd.Series) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(value, places of submissions ``(k,)``, numbers ``(k,)``): the setting itself, or each value as 1 against 0."""
    text = column.astype(str).str.strip()
    kept = np.flatnonzero(stated(text))
    known = text.iloc[kept]
    numbers = pd.to_numeric(known, errors="coerce").to_numpy(dtype=float)
    if np.isfinite(numbers).all() and len(np.unique(numbers)) > 2:
        yield "", kept, numbers
        return
    frequent = known.value_counts().index[:MOST_VALUES]
    values = [value for value in levels(known) if value in frequent]
    for value in values[1:] if len(values) == known.nunique() == 2 else values:  # of two, one says it all
        has = (known == value).to_numpy()
        if FEWEST_WITH_VALUE <= has.sum() <= len(has) - FEWEST_WITH_VALUE:
            yield value, kept, has.astype(float)


def _association(codes: np.ndarray, scores: np.ndarray, seed: int) -> Association:
    if len(codes) < FEWEST:
        return Association(float("nan"), float("nan"), float("nan"))
    interval: BootstrapInterval = bootstrap_intervals(codes, scores[None], seed, RESAMPLES)["spearman"]
    return Association(coefficient("spearman", codes, scores), interval.low, interval.high)
