"""What a selection found, as plain data: the terminal, a page and a notebook say the same from it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.correlation.reasons import Reason
from analysis.correlation.regret import Regret
from analysis.correlation.verdict import Verdict


@dataclass(frozen=True)
class Ranked:
    """One candidate among all."""

    name: str
    n: int
    """submissions that have it"""
    spearman: float
    p_corrected: float
    """two-sided p of a relation at least as positive, against the best of all candidates"""
    regret: Regret
    bootstrap: float
    """share of resamples in which it is the best, ties shared out"""
    held_out: float
    """share of left-out submissions without which it is the best"""

    @property
    def strength(self) -> float:
        """The coefficient on the scale by which candidates of more or fewer submissions are compared."""
        return self.spearman * math.sqrt(self.n - 1)


@dataclass(frozen=True)
class Nested:
    """What choosing the best candidate does for submissions that had no part in the choice."""

    spearman: float
    """of the placings below with the leaderboard; without any relation 0 on average, but above 0 where the choice stays
    the same and below 0 where it changes"""
    regret: Regret
    placings: Mapping[str, float]
    """submission -> its place from 0 to 1 among all by the candidate chosen without it"""


@dataclass(frozen=True)
class Selection:
    """Which candidate follows the leaderboard best, and what that is worth."""

    winner: Ranked
    verdict: Verdict
    reasons: tuple[Reason, ...]
    n: int
    """submissions with a score on the leaderboard"""
    tried: int
    nested: Nested
    ranking: tuple[Ranked, ...]
    """all candidates, the best first"""


@dataclass(frozen=True)
class Circumstances:
    """What else bears on the verdict."""

    protocols: int = 1
    """ways in which the scores at home were made"""
    repeats: Sequence[Sequence[str]] = field(default_factory=tuple)
    """groups of submissions that differ in their seed alone"""
