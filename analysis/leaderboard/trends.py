"""Trends of settings that are numbers: what a doubling or a standard deviation of them went with.

Other than a change that was made alone, a trend holds no other setting fixed: in a sweep that draws all of them at
random it is their average, in a table of hand-made experiments it may be another setting's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.correlation.coefficients import coefficient
from analysis.correlation.groups import stated
from analysis.errors import UserError

FEWEST_VALUES, FEWEST = 3, 5
"""Different values of a setting, and configurations, below which there is no trend."""
DOUBLINGS = 2.0
"""Positive values that span at least this factor are followed by doublings."""
ALPHA = 0.05


@dataclass(frozen=True)
class Slope:
    """How a score goes with a setting; positive is better, whatever the score's own direction."""

    n: int
    slope: float
    """least squares, per doubling or per standard deviation"""
    low: float
    """of its 95 % interval by t, which holds for all trends of the score together (Bonferroni)"""
    high: float
    spearman: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Trend:
    """One setting."""

    setting: str
    per: Literal["doubling", "sd"]
    lowest: float
    highest: float
    sd: float
    """of its values; what `sd` means"""
    leaderboard: Slope
    cv: dict[str, Slope]

    def flipped(self, cv: str) -> bool:
        """Whether a validation score and the leaderboard both show a trend, in opposite directions."""
        own = self.cv[cv]
        return own.shown and self.leaderboard.shown and own.slope * self.leaderboard.slope < 0


def trends(
    table: pd.DataFrame, settings: Sequence[str], scores: Sequence[str], lower: Collection[str] = ()
) -> tuple[Trend, ...]:
    """The trends of those settings that are numbers, the steepest on the leaderboard first.

    Args:
        table: a row per configuration, settings as text, scores as floats with NaN where there is none.
        settings: columns; those that are no numbers, or have fewer than three values, have no trend.
        scores: columns, the leaderboard first.
        lower: scores of which lower values are better.
    """
    known = {name: values for name in settings if (values := _numbers(table[name])) is not None}
    board, *cv = scores
    found = []
    for name, values in known.items():
        own = {one: _slope(values, table[one] * (-1 if one in lower else 1), len(known)) for one in scores}
        if (first := own[board]) is not None:
            at_home = {one: slope for one in cv if (slope := own[one]) is not None}
            sd = float(values.std())
            found.append(Trend(name, _per(values), float(values.min()), float(values.max()), sd, first, at_home))
    return tuple(sorted(found, key=lambda one: -abs(one.leaderboard.slope)))


def check_numbers(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a named setting that can have no trend.

    Raises:
        UserError: it isn't there, or is no number in three values or more.
    """
    for name in names:
        if name not in table:
            raise UserError(f"no column is called {name!r}. Try: one of {', '.join(map(repr, map(str, table)))}")
        if _numbers(table[name]) is None:
            raise UserError(
                f"{name!r} has no trend: want numbers in every cell that isn't empty, {FEWEST_VALUES} different "
                "ones or more. Try: another column"
            )


def _numbers(cells: pd.Series) -> pd.Series | None:
    """Cells that say nothing are NaN; None where another one is no number, or too few differ."""
    text = cells.astype(str).str.strip()
    known = stated(text)
    values = pd.to_numeric(text.where(known), errors="coerce")
    broken = known & ~np.isfinite(values)
    return None if broken.any() or values.nunique() < FEWEST_VALUES else values


def _per(values: pd.Series) -> Literal["doubling", "sd"]:
    return "doubling" if values.min() > 0 and values.max() >= DOUBLINGS * values.min() else "sd"


def _slope(values: pd.Series, score: pd.Series, tests: int) -> Slope | None:
    """None with too few pairs, or where one side never changes."""
    kept = (values.notna() & score.notna()).to_numpy()
    x, y = values.to_numpy(float)[kept], score.to_numpy(float)[kept]
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    x = np.log2(x) if _per(values) == "doubling" else (x - values.mean()) / values.std()
    fit = stats.linregress(x, y)
    margin = float(fit.stderr) * float(stats.t.isf(ALPHA / (2 * tests), len(x) - 2))
    slope = float(fit.slope)
    return Slope(len(x), slope, slope - margin, slope + margin, coefficient("spearman", x, y))
