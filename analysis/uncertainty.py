"""How sure a mean is: Student's t intervals over runs, and when two of them say nothing about an order."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean over ``n`` values with its interval; ``low`` and ``high`` are NaN for fewer than two values."""

    mean: float
    low: float
    high: float
    n: int
    sd: float

    @property
    def half_width(self) -> float:
        """Return what stands behind the ± of the mean."""
        return (self.high - self.low) / 2.0

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether the intervals share a value; an interval that is not known overlaps with everything."""
        return not (self.low > other.high or other.low > self.high)

    def excludes(self, value: float) -> bool:
        """Tell whether ``value`` lies outside; never when the interval is not known."""
        return self.low > value or self.high < value


def t_interval(values: Iterable[float], level: float = 0.95) -> Interval:
    """Return the mean of the finite ``values`` ``(n,)`` with Student's t interval (Gosset 1908).

    The interval takes the values as independent draws. Runs that share training clips between folds are not quite
    (Nadeau and Bengio 2003), which makes it somewhat too narrow.
    """
    kept = np.asarray(list(values), dtype=float)
    kept = kept[np.isfinite(kept)]
    n = len(kept)
    mean = float(kept.mean()) if n else float("nan")
    if n < 2:
        return Interval(mean, float("nan"), float("nan"), n, float("nan"))
    sd = float(kept.std(ddof=1))
    half = float(stats.t.ppf(0.5 + level / 2.0, n - 1)) * sd / float(np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n, sd)


def welch_difference(first: Iterable[float], second: Iterable[float], level: float = 0.95) -> Interval:
    """The interval of mean(first) - mean(second) of values that are not matched, by Welch (1947).

    `n` is the size of the smaller side; the interval is unknown when a side has fewer than two values.
    """
    a, b = t_interval(first), t_interval(second)
    n, mean = min(a.n, b.n), a.mean - b.mean
    if n < 2:
        return Interval(mean, float("nan"), float("nan"), n, float("nan"))
    parts = np.array([a.sd**2 / a.n, b.sd**2 / b.n])
    error = float(np.sqrt(parts.sum()))
    if error == 0:
        return Interval(mean, mean, mean, n, 0.0)
    freedom = parts.sum() ** 2 / (parts**2 / np.array([a.n - 1, b.n - 1])).sum()
    half = float(stats.t.ppf(0.5 + level / 2.0, freedom)) * error
    return Interval(mean, mean - half, mean + half, n, error * float(np.sqrt(n)))


def paired_difference(first: Iterable[float], second: Iterable[float], level: float = 0.95) -> Interval:
    """Return the interval of ``first - second``, both ``(n,)``, matched by place as fold and seed match two runs."""
    return t_interval(np.asarray(list(first), dtype=float) - np.asarray(list(second), dtype=float), level)
