"""Shake-up: what the private score will be given the public one, and whether the public order will hold.

A score on a finite test is off by chance. Two scores on one test are off together (the same hard recordings), by
`correlation`. The submissions' true scores are taken as normal around their mean, estimated as in Morris 1983, so the
highest public scores are expected to fall: they are the lucky ones. Public and private test are taken as drawn from the
same place; a private test from elsewhere shakes more than this says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.errors import UserError

FEWEST = 4
"""Below this many submissions nothing says how far apart true scores lie, and no score is expected to fall."""
DRAWS = 4000
LEVEL = 0.95


@dataclass(frozen=True)
class Split:
    """The two parts of a hidden test."""

    public_size: float
    """recordings or windows; only the ratio to the private part counts"""
    private_size: float
    public_sd: float
    """sampling sd of one score on the public part: bootstrapped over recordings, or `binomial_sd`"""
    correlation: float = 0.0
    """of the errors of two submissions on one test, 0 to below 1; 0 makes the order least sure"""

    def __post_init__(self) -> None:
        """Refuse sizes and sds that can't be.

        Raises:
            UserError: with name, value and rule.
        """
        for name in ("public_size", "private_size", "public_sd"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise UserError(f"{name} must be positive, got {value:g}. Try: the size of the test, and its sd")
        if not 0 <= self.correlation < 1:
            raise UserError(f"correlation must be from 0 to below 1, got {self.correlation:g}. Try: 0")

    @property
    def private_sd(self) -> float:
        """Sampling sd of one score on the private part: it falls with the root of the size."""
        return self.public_sd * math.sqrt(self.public_size / self.private_size)


@dataclass(frozen=True)
class Outlook:
    """What to expect of one submission."""

    name: str
    public: float
    private: float
    """expected"""
    low: float
    """of the 95 % interval"""
    high: float
    best: float
    """probability that it has the best private score of all"""


@dataclass(frozen=True)
class ShakeUp:
    """What to expect of all."""

    outlooks: tuple[Outlook, ...]
    """best public score first"""
    holds: tuple[tuple[float, ...], ...]
    """probability that submission i beats submission j in private, in the order of the outlooks; 0.5 with itself"""
    shrinkage: float
    """share of a public lead that is expected to last, 0 to 1"""


def binomial_sd(score: float, size: float) -> float:
    """The sampling sd of a share of `size` independent items, such as an accuracy."""
    return math.sqrt(score * (1 - score) / size)


def shake_up(
    names: Sequence[str], public: Sequence[float], split: Split, lower: bool = False, seed: int = 0
) -> ShakeUp:
    """The interval of each private score, and how likely each public order is to hold.

    Args:
        names: of the submissions.
        public: ``(n,)`` public scores.
        split: sizes and noise of the two parts.
        lower: whether lower scores are better.
        seed: of the draws for `best`.

    Raises:
        UserError: a public score is not finite.
    """
    sign = -1 if lower else 1
    scores = sign * np.asarray(public, dtype=float)
    if not np.isfinite(scores).all():
        raise UserError("every submission needs a public score. Try: leave out those without")
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    own = (1 - split.correlation) * split.public_sd**2
    private = (1 - split.correlation) * split.private_sd**2
    share, unsure = shrinkage(scores, own)
    away = scores - scores.mean()
    expected = scores.mean() + share * away
    lasting = own * (share + (1 - share) / len(scores)) + unsure * away**2 + private
    shared = split.correlation * (split.public_sd**2 + split.private_sd**2)
    margin = float(stats.norm.isf((1 - LEVEL) / 2)) * np.sqrt(lasting + shared)
    best = _best(expected, lasting, seed)
    lead = np.subtract.outer(scores, scores)
    ahead = stats.norm.cdf(share * lead / np.sqrt(2 * (share * own + private) + unsure * lead**2))
    outlooks = []
    for place, row in enumerate(order):
        ends = sorted((sign * (expected[place] - margin[place]), sign * (expected[place] + margin[place])))
        told = float(sign * scores[place]), float(sign * expected[place])
        outlooks.append(Outlook(str(names[row]), *told, float(ends[0]), float(ends[1]), float(best[place])))
    return ShakeUp(tuple(outlooks), tuple(tuple(map(float, row)) for row in ahead), share)


def shrinkage(scores: np.ndarray, noise_variance: float) -> tuple[float, float]:
    """Share of a lead that lasts, and the variance of that share (Morris 1983); 1 and 0 below `FEWEST` scores.

    Args:
        scores: ``(n,)``.
        noise_variance: of one score, without what all share.
    """
    n = len(scores)
    if n < FEWEST:
        return 1.0, 0.0
    squares = float(((scores - scores.mean()) ** 2).sum())
    most = (n - 3) / (n - 1)
    lost = min(most, (n - 3) * noise_variance / squares) if squares > 0 else most
    return 1 - lost, 2 * lost**2 / (n - 3)


def _best(expected: np.ndarray, variance: np.ndarray, seed: int) -> np.ndarray:
    drawn = expected + np.random.default_rng(seed).normal(0, np.sqrt(variance), (DRAWS, len(expected)))
    return np.bincount(drawn.argmax(axis=1), minlength=len(expected)) / DRAWS
