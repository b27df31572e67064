"""A gate for new bests: a score on the leaderboard counts only when it is above the last best by more than noise."""

import math
from dataclasses import dataclass

import pandas as pd

from analysis.correlation.noise import Noise


@dataclass(frozen=True)
class Rung:
    """One submission at the gate."""

    name: str
    score: float
    best_before: float
    """the accepted best so far; -inf at the first"""
    accepted: bool

    @property
    def gain(self) -> float:
        """Over the accepted best so far."""
        return self.score - self.best_before


@dataclass(frozen=True)
class Ladder:
    """All submissions in their order."""

    step: float
    """what a new best has to be above the last one by"""
    noise: Noise
    rungs: tuple[Rung, ...]

    @property
    def accepted(self) -> tuple[Rung, ...]:
        """The history of the best."""
        return tuple(rung for rung in self.rungs if rung.accepted)

    @property
    def within_noise(self) -> tuple[Rung, ...]:
        """New highest scores that the gate did not let count."""
        return tuple(rung for rung in self.rungs if not rung.accepted and rung.gain > 0)


def ladder(scores: pd.Series, noise: Noise) -> Ladder:
    """The Ladder mechanism (Blum and Hardt 2015) over submissions in their order.

    Its step is one standard error of the difference between two scores, as in the paper's parameter-free form:
    sqrt(2) times the sd of one. The paper's competition publishes nothing else, and so bounds what can be learned of
    the test; here everything is published, and the gate says what is worth to be called better.

    Args:
        scores: submission -> leaderboard score, higher is better, first submission first; NaN are left out.
        noise: of one score.
    """
    step, best, rungs = math.sqrt(2) * noise.sd, -math.inf, []
    for name, score in scores.dropna().items():
        rung = Rung(str(name), float(score), best, accepted=float(score) - best > step)
        rungs.append(rung)
        best = rung.score if rung.accepted else best
    return Ladder(step, noise, tuple(rungs))
