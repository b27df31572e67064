"""Counting, for many thresholds at once, the values below and not above each: the core of the rank metrics."""

import numpy as np

_BUCKETS = 1 << 16
"""Buckets of the coarse pass; their tables stay in a core's second-level cache."""

_UNDECIDED = 3


def count_below(values: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each threshold how many values are < it, and how many are <= it; two ``(thresholds,)`` int64.

    ``values`` ``(n,)`` in any order, ``thresholds`` ``(m,)`` sorted upwards, both of one float dtype and without NaN.
    Exact. Few thresholds among many values, the usual case of a rare class, are counted in buckets without sorting.
    """
    if len(values) >= _BUCKETS // 8 and len(thresholds) <= len(values) // 8:
        low = min(values.min(), thresholds[0])
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            scale = (_BUCKETS - 1) / (max(values.max(), thresholds[-1]) - low)
        if 0 < scale < np.inf:  # else infinite or constant values
            return _count_in_buckets(values, thresholds, low, values.dtype.type(scale))
    return _count_by_sorting(values, thresholds)


def _count_by_sorting(values: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ordered = np.sort(values)
    return np.searchsorted(ordered, thresholds, side="left"), np.searchsorted(ordered, thresholds, side="right")


def _count_in_buckets(
    values: np.ndarray, thresholds: np.ndarray, low: np.floating, scale: np.floating
) -> tuple[np.ndarray, np.ndarray]:
    """Count by bucket; sort only the values between two different thresholds of one bucket.

    Subtraction, multiplication and truncation of floats are monotone, so values of different buckets are in the order
    of their buckets. Within a bucket that holds thresholds a value lies below them (step 0), above them (step 2) or
    between (step 1); "between" means a tie where the bucket has one distinct threshold. So scores of few levels, such
    as those stored as float16, need no sorting either.
    """
    value_buckets = ((values - low) * scale).astype(np.int64)
    threshold_buckets = ((thresholds - low) * scale).astype(np.int64)
    n_buckets = int(max(value_buckets.max(), threshold_buckets[-1])) + 1
    holds_threshold = np.zeros(n_buckets, dtype=bool)
    holds_threshold[threshold_buckets] = True
    near = np.flatnonzero(holds_threshold[value_buckets])
    steps = _steps(values[near], value_buckets[near], thresholds, threshold_buckets)
    undecided = near[steps == _UNDECIDED]
    positions = 3 * value_buckets
    positions[near] += steps
    positions[undecided] = 3 * n_buckets  # beyond every threshold
    up_to = np.cumsum(np.bincount(positions, minlength=3 * n_buckets))
    below, not_above = _count_by_sorting(values[undecided], thresholds)
    return up_to[3 * threshold_buckets] + below, up_to[3 * threshold_buckets + 1] + not_above


def _steps(
    values: np.ndarray, value_buckets: np.ndarray, thresholds: np.ndarray, threshold_buckets: np.ndarray
) -> np.ndarray:
    """Return 0, 1 (a tie), 2 or ``_UNDECIDED`` for values that all share a bucket with a threshold."""
    lowest, highest = np.zeros((2, int(threshold_buckets[-1]) + 1), dtype=thresholds.dtype)
    highest[threshold_buckets] = thresholds  # of repeated indices the last one stays
    lowest[threshold_buckets[::-1]] = thresholds[::-1]
    low, high = lowest[value_buckets], highest[value_buckets]
    steps = (values >= low).astype(np.int8) + (values > high)
    steps[(low < high) & (steps == 1)] = _UNDECIDED
    return np.asarray(steps)
