"""Bootstrap intervals of a coefficient over submissions: bias-corrected and accelerated (BCa)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.correlation.coefficients import COEFFICIENTS, Weighted

RESAMPLES = 10_000
MOST_CELLS = 2_000_000
"""resamples x submissions held at a time"""
FEWEST = 3
"""Pairs below which there is no interval."""
MOST_DEGENERATE = 0.5
"""No interval when more of the resamples than this are constant on one side."""


@dataclass(frozen=True)
class BootstrapInterval:
    """The interval of a coefficient; NaN where the resamples define none."""

    low: float
    high: float
    degenerate: int
    """resamples left out because one side was constant"""


def resamples(n: int, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Weights ``(rows, n)`` of `count` resamples in all: how often each submission is drawn; a chunk at a time."""
    rows = max(1, MOST_CELLS // n)
    for start in range(0, count, rows):
        size = min(rows, count - start)
        places = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(places.ravel(), minlength=size * n).reshape(size, n).astype(float)


def bootstrap_intervals(
    x: np.ndarray, versions: np.ndarray, seed: int = 0, count: int = RESAMPLES, level: float = 0.95
) -> dict[str, BootstrapInterval]:
    """BCa intervals (Efron 1987) of every coefficient over submissions, all from the same resamples.

    The leaderboard may come in several versions, one per draw of what rounding and a finite test hide; the resamples
    are shared out among them, so that the interval holds both kinds of uncertainty. The acceleration is that of the
    scores as published. Resamples with a constant side say nothing and are left out, counted.

    Args:
        x: the validation score ``(n,)``.
        versions: the leaderboard ``(1 + draws, n)``, as published first; alone it is used by itself.
        seed: of the resamples.
        count: of resamples.
        level: of the intervals.
    """
    if len(x) < FEWEST:
        return {name: BootstrapInterval(float("nan"), float("nan"), 0) for name in COEFFICIENTS}
    drawn = versions[1:] if len(versions) > 1 else versions
    values = _resampled(x, drawn, count, np.random.default_rng(seed))
    return {name: _interval(COEFFICIENTS[name], x, versions[0], values[name], level) for name in COEFFICIENTS}


@dataclass(frozen=True)
class _Resampled:
    """One coefficient of every resample ``(count,)``, and of the version of the leaderboard that it was drawn from."""

    values: np.ndarray
    of_version: np.ndarray

    @property
    def defined(self) -> "_Resampled":
        kept = np.isfinite(self.values) & np.isfinite(self.of_version)
        return _Resampled(self.values[kept], self.of_version[kept])


def _resampled(x: np.ndarray, versions: np.ndarray, count: int, rng: np.random.Generator) -> dict[str, _Resampled]:
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in COEFFICIENTS}
    for k, y in enumerate(versions):
        for weights in resamples(len(x), (count + k) // len(versions), rng):
            for name, measure in COEFFICIENTS.items():
                own = measure(np.ones((1, len(x))), x, y)
                parts[name].append((measure(weights, x, y), np.repeat(own, len(weights))))
    return {name: _Resampled(*map(np.concatenate, zip(*drawn, strict=True))) for name, drawn in parts.items()}


def _interval(measure: Weighted, x: np.ndarray, y: np.ndarray, drawn: _Resampled, level: float) -> BootstrapInterval:
    kept = drawn.defined
    degenerate = len(drawn.values) - len(kept.values)
    if degenerate > MOST_DEGENERATE * len(drawn.values) or np.isnan(measure(np.ones((1, len(x))), x, y)[0]):
        return BootstrapInterval(float("nan"), float("nan"), degenerate)
    low, high = np.quantile(kept.values, _bca_levels(measure, x, y, kept, level))
    return BootstrapInterval(float(low), float(high), degenerate)


def _bca_levels(measure: Weighted, x: np.ndarray, y: np.ndarray, drawn: _Resampled, level: float) -> np.ndarray:
    """The two quantiles of the resamples that bias and acceleration (by the jackknife) ask for.

    Each resample is held against the coefficient of the version it was drawn from: that another test would weaken the
    relation is no bias of the bootstrap, and correcting for it would move the interval the wrong way.
    """
    n, count = len(x), len(drawn.values)
    below = (np.mean(drawn.values < drawn.of_version) + np.mean(drawn.values <= drawn.of_version)) / 2  # half of ties
    bias = stats.norm.ppf(np.clip(below, 1 / count, 1 - 1 / count))
    left_out = measure(np.ones((n, n)) - np.eye(n), x, y)
    deviations = np.nanmean(left_out) - left_out[np.isfinite(left_out)]
    spread = float(np.sum(deviations**2)) ** 1.5
    acceleration = float(np.sum(deviations**3)) / (6 * spread) if spread > 0 else 0.0
    z = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    adjusted: np.ndarray = stats.norm.cdf(bias + z / (1 - acceleration * z))
    return adjusted
