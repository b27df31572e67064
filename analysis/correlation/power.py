"""How many submissions it takes to see a relation."""

import math

from scipy import stats

SPEARMAN_VARIANCE = 1.06
"""of Fisher's z of a rank correlation, times n - 3 (Fieller, Hartley and Pearson 1957)"""
MOST = 100_000
"""Above this many, a relation is as good as none."""


def submissions_needed(rho: float, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """Submissions with which a rank correlation of `rho` is found with probability `power` at two-sided `alpha`.

    By Fisher's z, whose variance for ranks is 1.06 / (n - 3); None where it would take more than 100,000.
    `benchmarks/verdicts.py` holds it against simulated verdicts.
    """
    if not math.isfinite(rho) or rho == 0:
        return None
    z = math.atanh(min(abs(rho), 0.999))
    quantiles = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    needed = math.ceil(3 + SPEARMAN_VARIANCE * (quantiles / z) ** 2)
    return needed if needed <= MOST else None


def detectable(n: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """The rank correlation that n submissions find with probability `power` at two-sided `alpha`; 1 below 4."""
    if n < 4:
        return 1.0
    quantiles = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return math.tanh(quantiles * math.sqrt(SPEARMAN_VARIANCE / (n - 3)))
