"""What following a validation score costs: the leaderboard lost by picking the submission that it likes best."""

from dataclasses import dataclass

import numpy as np

from analysis.correlation.intervals import RESAMPLES, resamples

TOP = (1, 3, 5, 10)


@dataclass(frozen=True)
class TopK:
    """How many of the k best by validation are among the k best of the leaderboard, ties shared out."""

    k: int
    shared: float
    by_chance: float
    """expected of a random choice: k * k / n"""


@dataclass(frozen=True)
class Regret:
    """In the leaderboard's units, 0 or more; `low` and `high` are the percentile interval over submissions."""

    value: float
    low: float
    high: float
    picked: float
    """the leaderboard score of the pick; the mean where several tie"""
    tied_picks: int
    best: float
    at_random: float
    """expected regret of picking at random"""
    top: tuple[TopK, ...]


def decision_regret(
    x: np.ndarray, y: np.ndarray, sign: int = 1, seed: int = 0, count: int = RESAMPLES, level: float = 0.95
) -> Regret:
    """Regret of picking by x, both ``(n,)`` and larger is better, against the best of y and a random pick.

    The interval redraws the submissions: what the same rule would have lost among others like these. `sign` -1 says
    that y is a turned score; what was picked and what is best are then told as the leaderboard has them.
    """
    picked, best = _picked_and_best(np.ones((1, len(x))), x, y)
    drawn = [_lost(weights, x, y) for weights in resamples(len(x), count, np.random.default_rng(seed))]
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2])
    return Regret(
        value=float(best[0] - picked[0]),
        low=float(low),
        high=float(high),
        picked=sign * float(picked[0]),
        tied_picks=int(np.count_nonzero(x == x.max())),
        best=sign * float(best[0]),
        at_random=float(best[0] - y.mean()),
        top=tuple(top_agreement(x, y, k) for k in TOP if k < len(x)),
    )


def top_agreement(x: np.ndarray, y: np.ndarray, k: int) -> TopK:
    """The overlap of the k best by x and by y, both ``(n,)``; what ties at the border has a share of the places."""
    return TopK(k, float(_membership(x, k) @ _membership(y, k)), k * k / len(x))


def _lost(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    picked, best = _picked_and_best(weights, x, y)
    lost: np.ndarray = best - picked
    return lost


def _picked_and_best(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(leaderboard of the pick, best of the leaderboard) in every resample: weights ``(resamples, n)``."""
    drawn = weights > 0
    likes = np.where(drawn, x, -np.inf)
    tied = weights * (likes == likes.max(axis=1, keepdims=True))
    picked: np.ndarray = tied @ y / tied.sum(axis=1)
    best: np.ndarray = np.where(drawn, y, -np.inf).max(axis=1)
    return picked, best


def _membership(values: np.ndarray, k: int) -> np.ndarray:
    """How much of each value ``(n,)`` is among the k largest: 1, 0, or its share where it ties at the border."""
    border = np.sort(values)[-k]
    above, at = values > border, values == border
    share: np.ndarray = np.where(above, 1.0, np.where(at, (k - above.sum()) / at.sum(), 0.0))
    return share
