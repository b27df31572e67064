"""Permutation p of a coefficient: every order of the leaderboard where that is feasible, a seeded sample above."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from analysis.correlation.coefficients import signs

ALL_ORDERS = 8
"""Up to this many pairs all orders are looked at: 8! = 40,320."""
SAMPLED = 9_999
"""Orders drawn above that, so that the smallest p is 1 / 10,000."""
SAMPLED_KENDALL = 1_999
"""Orders drawn for Kendall's tau-b with ties, where each costs n^2."""
ASYMPTOTIC_KENDALL = 100
"""Above this many pairs with ties, tau-b is taken as normal."""
EPSILON = 1e-12
"""A coefficient within this of the observed one counts as equal to it."""


@dataclass(frozen=True)
class PermutationP:
    """p of a coefficient under no relation; NaN where the coefficient is not defined."""

    greater: float
    """of a coefficient at least as large"""
    less: float
    """of one at least as small"""
    method: str
    """exact, sampled, asymptotic, or empty"""

    @property
    def two_sided(self) -> float:
        """Twice the smaller of the two, at most 1."""
        return min(1.0, 2 * min(self.greater, self.less)) if self.method else float("nan")


UNDEFINED = PermutationP(float("nan"), float("nan"), "")


def permutation_p(name: str, x: np.ndarray, y: np.ndarray, seed: int = 0) -> PermutationP:
    """p of a coefficient of the pairs x, y ``(n,)`` against all ways to pair them.

    Exact over all n! orders up to `ALL_ORDERS` pairs, and for Kendall without ties by the distribution of inversions
    (Kendall 1970) at any n. Above, (b + 1) / (m + 1) over m orders drawn with `seed`, which keeps the test valid for
    every m (Phipson and Smyth 2010).
    """
    n = len(x)
    if n < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return UNDEFINED
    order = np.argsort(y, kind="stable")  # so that the order of the table's rows does not matter
    x, y = x[order], y[order]
    if name == "kendall" and n > ALL_ORDERS:
        return _kendall_p(x, y, seed)
    left, right = (stats.rankdata(x), stats.rankdata(y)) if name == "spearman" else (x, y)
    null = _kendall_null if name == "kendall" else _product_null
    drawn = orders(n, seed)
    values = null(left, right, drawn)
    return tail(values, null(left, right, np.arange(n)[None])[0], exact=n <= ALL_ORDERS)


@lru_cache(maxsize=8)
def orders(n: int, seed: int = 0, count: int = SAMPLED) -> np.ndarray:
    """Orders of n things ``(m, n)``: all of them up to `ALL_ORDERS`, else `count` random ones; kept, so don't write."""
    if n <= ALL_ORDERS:
        return np.array(list(itertools.permutations(range(n))), dtype=np.intp)
    return np.random.default_rng(seed).permuted(np.tile(np.arange(n), (count, 1)), axis=1)


def tail(values: np.ndarray, observed: float, exact: bool) -> PermutationP:
    """p from the values of the statistic under the null ``(m,)``; without `exact` the observed order counts as one."""
    scale = EPSILON * max(1.0, float(np.abs(values).max()))
    counts = [np.count_nonzero(values >= observed - scale), np.count_nonzero(values <= observed + scale)]
    if exact:
        greater, less = (count / len(values) for count in counts)
    else:
        greater, less = ((count + 1) / (len(values) + 1) for count in counts)
    return PermutationP(float(greater), float(less), "exact" if exact else "sampled")


def _product_null(x: np.ndarray, y: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The part of a product-moment correlation that the order changes, scaled to that correlation: ``(m,)``."""
    dx, dy = ((values - values.mean()) / np.linalg.norm(values - values.mean()) for values in (x, y))
    product: np.ndarray = dy[drawn] @ dx
    return product


def _kendall_null(x: np.ndarray, y: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Concordant less discordant pairs, twice, of each order: ``(m,)``."""
    sx, sy = signs(x), signs(y)
    chunks = np.array_split(drawn, max(1, drawn.size * drawn.shape[1] // 5_000_000))
    return np.concatenate([np.einsum("ij,mij->m", sx, sy[part[:, :, None], part[:, None, :]]) for part in chunks])


def _kendall_p(x: np.ndarray, y: np.ndarray, seed: int) -> PermutationP:
    n = len(x)
    ties = len(np.unique(x)) < n or len(np.unique(y)) < n
    if ties and n <= ASYMPTOTIC_KENDALL:
        values = _kendall_null(x, y, orders(n, seed, SAMPLED_KENDALL))
        return tail(values, _kendall_null(x, y, np.arange(n)[None])[0], exact=False)
    method = "asymptotic" if ties or math.comb(n, 2) > math.comb(170, 2) else "exact"
    one_sided: Callable[[str], float] = lambda side: float(  # noqa: E731
        stats.kendalltau(x, y, method=method, alternative=side).pvalue
    )
    return PermutationP(one_sided("greater"), one_sided("less"), method)
