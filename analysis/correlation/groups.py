"""Within and between the groups of a column, so that a mixture of groups is not sold as a relation."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.correlation.coefficients import coefficient
from analysis.correlation.permutation import ALL_ORDERS, SAMPLED, UNDEFINED, PermutationP, tail

NOT_STATED = frozenset({"", "-", "?", "n/a", "na", "nan", "unknown", "unstated", "not stated"})
"""Cells of a setting that say nothing: rows with one share no value with any other row."""


def stated(values: "pd.Series[str]") -> "pd.Series[bool]":
    """Which cells of a setting say something."""
    return ~values.str.strip().str.casefold().isin(NOT_STATED)


@dataclass(frozen=True)
class WithinBetween:
    """The relation among submissions that share a value of a column, and that of the values' means."""

    column: str
    groups: int
    """values stated"""
    largest: int
    """submissions of the most frequent value"""
    compared: int
    """submissions that share their value with another"""
    not_stated: int
    within: float
    """rank correlation within groups; NaN where nothing can be compared"""
    p_greater: float
    p_less: float
    between: float
    """Spearman's coefficient of the groups' means; NaN below three groups"""

    @property
    def comparable(self) -> bool:
        """Whether any two submissions share a value."""
        return self.compared > 0


def within_between(column: str, values: Sequence[str], x: np.ndarray, y: np.ndarray, seed: int = 0) -> WithinBetween:
    """Split the relation of x and y ``(n,)`` by the values ``(n,)`` of a column.

    Within: ranks within each group over group size + 1 (van Elteren 1960, so a group weighs as its size), centred,
    pooled into one correlation; p by shuffling the leaderboard within groups only, which no difference between groups
    can move. Between: the correlation of group means.
    """
    text = pd.Series(list(values), dtype=str).str.strip()
    said = stated(text).to_numpy(dtype=bool)
    codes, names = pd.factorize(text[said], sort=True)
    sizes = np.bincount(codes, minlength=len(names))
    several = sizes[codes] > 1
    order = np.argsort(codes[several], kind="stable")
    kept = np.flatnonzero(said)[several][order]
    value, p = _within(codes[several][order], x[kept], y[kept], seed)
    return WithinBetween(
        column=column,
        groups=len(names),
        largest=int(sizes.max(initial=0)),
        compared=len(kept),
        not_stated=int((~said).sum()),
        within=value,
        p_greater=p.greater,
        p_less=p.less,
        between=_between(codes, x[said], y[said]),
    )


def _within(codes: np.ndarray, x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, PermutationP]:
    """The pooled rank correlation of rows sorted by group ``(n,)`` and its p."""
    rx, ry = _group_ranks(codes, x), _group_ranks(codes, y)
    scale = float(np.linalg.norm(rx) * np.linalg.norm(ry))
    if scale == 0:
        return float("nan"), UNDEFINED
    observed = float(rx @ ry) / scale
    drawn, exact = _orders_within(np.bincount(codes)[np.unique(codes)], seed)
    return observed, tail(ry[drawn] @ rx / scale, observed, exact)


def _group_ranks(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    ranks = np.zeros(len(values))
    for code in np.unique(codes):
        rows = codes == code
        ranks[rows] = (stats.rankdata(values[rows]) - (rows.sum() + 1) / 2) / (rows.sum() + 1)
    return ranks


def _orders_within(sizes: np.ndarray, seed: int) -> tuple[np.ndarray, bool]:
    """Orders ``(m, n)`` that keep every row in its group of consecutive rows, and whether they are all there are."""
    if math.prod(math.factorial(int(size)) for size in sizes) <= math.factorial(ALL_ORDERS):
        starts = np.cumsum(sizes) - sizes
        blocks = [itertools.permutations(range(s, s + k)) for s, k in zip(starts, sizes, strict=True)]
        return np.array([list(itertools.chain(*parts)) for parts in itertools.product(*blocks)]), True
    keys = np.random.default_rng(seed).random((SAMPLED, int(sizes.sum())))
    return np.argsort(keys + np.repeat(np.arange(len(sizes)), sizes), axis=1), False


def _between(codes: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    sizes = np.bincount(codes)
    if len(sizes) < 3:
        return float("nan")
    return coefficient("spearman", np.bincount(codes, x) / sizes, np.bincount(codes, y) / sizes)
