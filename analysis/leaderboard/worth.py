"""What a submission is worth: what it is expected to gain, and what it is expected to teach."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.leaderboard.surrogate import Belief

Aim = Literal["gain", "learning"]
DRAWS = 4000


@dataclass(frozen=True)
class Worth:
    """Of every candidate."""

    expected: np.ndarray
    """(candidates,) scores, larger is better; decides where nothing else does"""
    gain: np.ndarray
    """(candidates,) in units of the leaderboard"""
    learning: np.ndarray
    """(candidates,) share of the uncertainty, 0 to 1"""

    def choose(self, left: np.ndarray, scale: float, teach: float) -> tuple[int, Aim]:
        """The candidate with the largest weighted sum, and which part of it weighs more.

        Args:
            left: ``(candidates,)`` bool, those that may be chosen.
            scale: the gain that weighs one; the largest learning among those left does, too.
            teach: weight of learning, 0 to 1.
        """
        gain = (1 - teach) * self.gain / scale
        learning = teach * self.learning / (self.learning[left].max() or 1.0)
        place = max(np.flatnonzero(left), key=lambda one: (gain[one] + learning[one], self.expected[one]))
        return int(place), "gain" if gain[place] >= learning[place] else "learning"


def draws(belief: Belief, seed: int = 0) -> np.ndarray:
    """True scores that candidates may have ``(DRAWS, candidates)``."""
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal(belief.mean, belief.covariance, DRAWS, check_valid="ignore", method="eigh")


def gains(drawn: np.ndarray, best: np.ndarray) -> np.ndarray:
    """The expected improvement of each candidate ``(candidates,)`` over what is there (Jones et al. 1998).

    Over several submissions of a day it is that of the whole batch (Ginsbourger et al. 2010), one after the other.

    Args:
        drawn: ``(draws, candidates)``.
        best: ``(draws,)`` the best of what was submitted or chosen, in each draw.
    """
    return np.asarray(np.clip(drawn - best[:, None], 0, None).mean(axis=0))


def information(belief: Belief) -> np.ndarray:
    """Share of the summed variance of all candidates that each one's score takes away ``(candidates,)`` (Cohn 1996)."""
    variance = np.clip(np.diag(belief.covariance), 1e-18, None)
    taken = (belief.covariance**2).sum(axis=0) / (variance + belief.noise_variance)
    return np.asarray(taken / variance.sum())
