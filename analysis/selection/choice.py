"""Which candidate follows the leaderboard best, under many weightings of the submissions at once."""

import numpy as np

from analysis.correlation.candidates import FEWEST
from analysis.correlation.coefficients import spearman

EPSILON = 1e-12


def choice_shares(weights: np.ndarray, x: np.ndarray, y: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """How much of the choice each candidate has: (m, K); a row adds up to 1, or to 0 where nothing is defined.

    The candidate with the largest strength has all of it, those that tie share it out.

    Args:
        weights: (m, n), how often each submission counts: a resample of a bootstrap, or all but one.
        x: (n, K), higher is better, NaN where a submission has no value.
        y: (n,), the leaderboard.
        allowed: (m, K), the candidates that may be chosen; None: all.
    """
    found = strengths(weights, x, y)
    defined = np.isfinite(found) if allowed is None else np.isfinite(found) & allowed
    filled = np.where(defined, found, -np.inf)
    best = defined & (filled >= filled.max(axis=1, keepdims=True) - EPSILON)
    shared: np.ndarray = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    return shared


def strengths(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's coefficient times sqrt(pairs - 1), (m, K): the scale that `max_permutation` compares on."""
    found = np.full((len(weights), x.shape[1]), np.nan)
    for column, values in enumerate(x.T):
        kept = np.isfinite(values)
        if kept.sum() >= FEWEST:
            own = weights[:, kept]
            pairs = np.maximum(own.sum(axis=1) - 1, 0)
            found[:, column] = spearman(own, values[kept], y[kept]) * np.sqrt(pairs)
    return found
