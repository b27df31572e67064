"""What an analysis found, as plain data: the terminal, a page and a notebook say the same from it."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from analysis.correlation.contrasts import Contrast
from analysis.correlation.groups import WithinBetween
from analysis.correlation.noise import NoiseFloor
from analysis.correlation.reasons import Reason
from analysis.correlation.regret import Regret
from analysis.correlation.thresholds import Thresholds
from analysis.correlation.verdict import Verdict

SCHEMA = 1


@dataclass(frozen=True)
class Estimate:
    """One coefficient; positive: what is better in validation is better on the leaderboard."""

    value: float
    p: float
    """two-sided, by permutation, of this one comparison alone"""
    low: float
    high: float
    """the 95 % interval over submissions"""
    p_method: str
    degenerate: int
    """resamples left out of the interval because one side was constant"""


@dataclass(frozen=True)
class Plan:
    """How many submissions it takes (80 % power); None where more than 100,000."""

    observed: int | None
    """to show a relation as strong as the observed one"""
    plausible: int | None
    """to show one of the strength that thresholds call plausible"""
    detectable: float
    """the relation that the submissions there are would show"""


@dataclass(frozen=True)
class Slice:
    """One question: does this validation score predict this leaderboard, among these submissions?"""

    kind: str
    """all; protocol or group: the submissions with `column` = `value`"""
    column: str
    value: str
    cv: str
    """column of the validation score"""
    leaderboard: str
    """column of the leaderboard score"""
    board: str
    """public or private"""
    n: int
    pearson: Estimate
    spearman: Estimate
    kendall: Estimate
    p_corrected: float
    """two-sided p of Spearman after correction for `tried` comparisons; the verdict rests on it"""
    tried: int
    regret: Regret | None
    noise: NoiseFloor | None
    board_noise: NoiseFloor | None
    within: tuple[WithinBetween, ...]
    contrasts: tuple[Contrast, ...]
    plan: Plan
    verdict: Verdict
    reasons: tuple[Reason, ...]
    """those that decided come first"""

    @property
    def name(self) -> str:
        """Which submissions, in words."""
        return "all submissions" if self.kind == "all" else f"{self.column} = {self.value}"


@dataclass(frozen=True)
class Analysis:
    """All questions asked of one table."""

    slices: tuple[Slice, ...]
    rows: int
    excluded: dict[str, int]
    """rows left out, by reason"""
    lower_is_better: tuple[str, ...]
    settings: tuple[str, ...]
    """columns in which submissions were compared"""
    thresholds: Thresholds

    @property
    def headlines(self) -> list[Slice]:
        """The answers to what was asked: all submissions, or each protocol where there are several."""
        protocols = [one for one in self.slices if one.kind == "protocol"]
        return protocols or [one for one in self.slices if one.kind == "all"]

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON has it: None for what is not defined."""
        plain = _plain(dataclasses.asdict(self))
        return {"schema": SCHEMA, **plain, "verdicts": [_short(one) for one in self.headlines]}


def _short(one: Slice) -> dict[str, str]:
    return {"cv": one.cv, "leaderboard": one.leaderboard, "board": one.board, "slice": one.name, "verdict": one.verdict}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
