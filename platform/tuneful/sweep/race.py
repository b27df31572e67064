"""The race of the finalists: who gets further seeds, because runs so far can't tell it from the leader.

After every repeat each finalist is compared with the leader on the same folds and seeds; the ones that are behind are
out, the others go on together until one is left or the repeats are used up. In the manner of Birattari et al. 2002, A
Racing Algorithm for Configuring Metaheuristics, with paired t tests: with two or three finalists the Friedman test that
they begin with says no more. The level is shared out among all the comparisons a race can make (Bonferroni), since
looking again and again would find a difference where there is none.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from scipy import stats

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan

Cell = Mapping[tuple[int, int], float]
"""(fold, repeat) -> a finalist's score, the mean over the split schemes"""
Cells = Mapping[int, Cell]
"""by finalist"""
FEWEST = 3
"""shared cells before anybody is out"""
Trials = Sequence[tuple[TrialPlan, TrialEnd | None]]
"""of the confirm stage"""


@dataclass(frozen=True)
class Heat:
    """A repeat that some finalists run."""

    repeat: int
    """its number, from 0"""
    finalists: tuple[int, ...]
    """numbers of the search trials that are confirmed"""


@dataclass(frozen=True)
class Race:
    """The rules of one race."""

    objective: Objective
    first: int
    """repeats that every finalist gets"""
    most: int
    """repeats that the last ones get"""
    runs: int
    """of a finalist in a repeat: folds times split schemes"""
    alpha: float

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Race | None":
        """The race of a resolved sweep, None where it has none."""
        confirm = definition.get("confirm") or {}
        spec = confirm.get("race")
        if not spec:
            return None
        runs = len(confirm["splits"] or ("own",)) * len(confirm["folds"])
        return cls(Objective.of(definition), confirm["repeats"], spec["max_repeats"], runs, spec["alpha"])

    def next_heat(self, trials: Trials, finalists: Collection[int]) -> Heat | None:
        """Who runs which repeat next; None where it is decided, or the repeats are used up."""
        scores, ended = cells(trials, finalists), _ended_runs(trials)
        inside = list(finalists)
        for repeat in range(self.first, self.most):
            known = {number: {cell: v for cell, v in scores[number].items() if cell[1] < repeat} for number in inside}
            inside = self.still_in(known, len(finalists))
            if len(inside) < 2:
                return None
            if any(ended[number, repeat] < self.runs for number in inside):
                return Heat(repeat, tuple(sorted(inside)))
        return None

    def still_in(self, scores: Cells, runners: int) -> list[int]:
        """The leader and those that are not behind it, of the ones that have a score.

        Args:
            scores: so far.
            runners: how many set out: what the level is shared out among, with the looks.
        """
        means = {number: fmean(own.values()) for number, own in scores.items() if own}
        if not means:
            return []
        leader = max(means, key=lambda number: self.objective.sign * means[number])
        level = self.alpha / (max(1, self.most - self.first) * max(1, runners - 1))
        return [n for n in means if n == leader or not self._behind(scores[leader], scores[n], level)]

    def _behind(self, leader: Cell, other: Cell, level: float) -> bool:
        """Whether the leader's lead, fold by fold and seed by seed, is more than chance gives."""
        lead = [self.objective.sign * (leader[cell] - other[cell]) for cell in sorted(leader.keys() & other.keys())]
        if len(lead) < FEWEST:
            return False
        if min(lead) == max(lead):  # a test has nothing to divide by
            return lead[0] > 0
        test = stats.ttest_1samp(lead, 0.0)
        return bool(test.pvalue < level and test.statistic > 0)


def cells(trials: Trials, finalists: Collection[int]) -> dict[int, dict[tuple[int, int], float]]:
    """Scores of the confirm runs that ended with one: finalist -> (fold, repeat) -> mean over the split schemes."""
    found: dict[int, dict[tuple[int, int], list[float]]] = {number: defaultdict(list) for number in finalists}
    for plan, end in trials:
        if plan.candidate in found and end is not None and end.state == "complete" and math.isfinite(end.score):
            found[plan.candidate][plan.runs[0].fold, plan.runs[0].repeat].append(end.score)
    return {number: {cell: fmean(values) for cell, values in own.items()} for number, own in found.items()}


def _ended_runs(trials: Trials) -> Counter[tuple[int, int]]:
    """(finalist, repeat) -> its runs that ended, however."""
    return Counter(
        (plan.candidate, plan.runs[0].repeat) for plan, end in trials if plan.candidate is not None and end is not None
    )
