"""The best of many validation scores, judged against the best of as many that know nothing.

Whoever tries 26 scores finds a good one in pure noise. The null of the best is the distribution of the maximum over all
candidates when the leaderboard is shuffled, which keeps how the candidates hang together (Westfall and Young 1993).
"""

from functools import lru_cache

import numpy as np
from scipy import stats

from analysis.correlation.permutation import ALL_ORDERS, UNDEFINED, PermutationP, orders, tail

FEWEST = 3
"""Pairs below which a candidate takes no part."""


def max_permutation(
    candidates: np.ndarray, leaderboard: np.ndarray, statistic: str = "spearman", seed: int = 0
) -> list[PermutationP]:
    """p of every candidate against the best of all of them, corrected for having tried them all.

    A candidate's `greater` is how often, over all or 9,999 orders of the leaderboard, the *largest* coefficient of all
    candidates reaches its own; `less` is the same of the smallest. The smallest `greater` is the p of the winner.
    Coefficients of candidates with missing values are put on one scale by sqrt(pairs - 1).

    Args:
        candidates: ``(n, K)``, NaN where a candidate has no value; larger is better.
        leaderboard: ``(n,)``.
        statistic: spearman or pearson.
        seed: of the orders drawn above 8 rows.
    """
    order = np.argsort(leaderboard, kind="stable")  # so that the order of the table's rows does not matter
    candidates, leaderboard = candidates[order], leaderboard[order]
    n, exact = len(leaderboard), len(leaderboard) <= ALL_ORDERS
    rows = np.isfinite(candidates) & np.isfinite(leaderboard)[:, None]
    observed = np.full(candidates.shape[1], np.nan)
    largest, smallest = np.full(len(orders(n, seed)), -np.inf), np.full(len(orders(n, seed)), np.inf)
    for columns, kept in _by_rows(rows):
        values = _standardised(candidates[np.ix_(kept, columns)], statistic)
        varies = np.isfinite(values).all(axis=0)
        real = _standardised(leaderboard[kept][:, None], statistic)[:, 0]
        if not varies.any() or not np.isfinite(real).all():
            continue
        scaled = values[:, varies] * np.sqrt(len(kept) - 1)
        observed[columns[varies]] = real @ scaled
        null = _shuffled(leaderboard, kept, statistic, seed) @ scaled
        largest, smallest = np.fmax(largest, null.max(axis=1)), np.fmin(smallest, null.min(axis=1))
    return [_corrected(value, largest, smallest, exact) for value in observed]


def _by_rows(rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(columns, row numbers) of the candidates that have values in the same rows."""
    patterns, which = np.unique(rows, axis=1, return_inverse=True)
    pairs = ((np.flatnonzero(which.ravel() == k), np.flatnonzero(patterns[:, k])) for k in range(patterns.shape[1]))
    return [(columns, kept) for columns, kept in pairs if len(kept) >= FEWEST]


def _standardised(values: np.ndarray, statistic: str) -> np.ndarray:
    """Columns ``(n, K)`` (of ranks) with mean 0 and length 1, so that a product is the correlation; NaN if constant."""
    ranked = stats.rankdata(values, axis=0) if statistic == "spearman" else values
    deviations = np.where(np.ptp(ranked, axis=0) > 0, ranked - ranked.mean(axis=0), np.nan)
    unit: np.ndarray = deviations / np.linalg.norm(deviations, axis=0)
    return unit


def _shuffled(leaderboard: np.ndarray, kept: np.ndarray, statistic: str, seed: int) -> np.ndarray:
    """The standardised leaderboard of the kept rows in every order ``(m, kept)``, the same for all candidates."""
    n = len(leaderboard)
    if len(kept) == n:
        return _orders_of(_standardised(leaderboard[:, None], statistic)[:, 0].tobytes(), n, seed)
    return _standardised(leaderboard[orders(n, seed)][:, kept].T, statistic).T


@lru_cache(maxsize=4)
def _orders_of(values: bytes, n: int, seed: int) -> np.ndarray:
    """Every order of the values: ranks of leaderboards without ties are always the same, and need it once."""
    shuffled: np.ndarray = np.frombuffer(values)[orders(n, seed)]
    return shuffled


def _corrected(value: float, largest: np.ndarray, smallest: np.ndarray, exact: bool) -> PermutationP:
    if not np.isfinite(value):
        return UNDEFINED
    return PermutationP(
        tail(largest, value, exact).greater, tail(smallest, value, exact).less, "exact" if exact else "sampled"
    )
