"""What is lost when not one but the k best by validation are submitted, beside k submissions drawn at random."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln


@dataclass(frozen=True)
class RegretAt:
    """In the leaderboard's units: the best of all less the best of k."""

    k: int
    regret: float
    """expected where submissions tie at the border: which of them are taken is left to chance"""
    at_random: float
    """expected of k drawn without looking"""


def regret_curve(x: np.ndarray, y: np.ndarray) -> tuple[RegretAt, ...]:
    """The regret of submitting the k best by x, for every k up to all; x and y ``(n,)``, larger is better."""
    everything = float(y.max())
    return tuple(
        RegretAt(k, everything - _expected_best(x, y, k), everything - _expected_best(np.zeros(len(y)), y, k))
        for k in range(1, len(y) + 1)
    )


def _expected_best(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """The expected best y among the k largest x; of those that tie at the border, a random subset fills the places."""
    border = np.sort(x)[-k]
    surely, perhaps = y[x > border], np.sort(y[x == border])
    m, places = len(perhaps), k - len(surely)
    among = np.exp(_log_subsets(np.arange(m), places - 1) - _log_subsets(np.array([m]), places))  # each the largest
    best = np.maximum(perhaps, surely.max()) if len(surely) else perhaps
    return float(among @ best)


def _log_subsets(of: np.ndarray, size: int) -> np.ndarray:
    """The logarithm of the number of subsets of that size; -inf where there is none."""
    enough = of >= size
    rest = np.where(enough, of - size, 0)
    found: np.ndarray = np.where(enough, gammaln(of + 1) - gammaln(size + 1) - gammaln(rest + 1), -np.inf)
    return found
