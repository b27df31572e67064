"""The race of the finalists: who gets further seeds, because runs so far can't tell it from the leader.

After every repeat each finalist is compared with the leader on the same folds and seeds; the ones that are behind are
out, the others go on together until one is left or the repeats are used up. In the manner of Birattari et al. 2002, A
Racing Algorithm for Configuring Metaheuristics, with paired t tests: with two or three finalists the Friedman test that
they begin with says no more. The level is shared out among all the comparisons a race can make (Bonferroni), since
looking again and again would find a difference where there is none. A race that goes on with newcomers
(`analysis.entrants`) is looked at from its beginning, at the level for all who have been in it. The report calls a tie
what this test doesn't tell apart (`analysis.confirmation`).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from scipy import stats

from analysis.confirmation import FEWEST_PAIRS, shared_level, still_in
from analysis.entrants import asks_for
from analysis.objective import Objective
from analysis.records.sweep import RunPlan, TrialEnd, TrialPlan

Cell = Mapping[tuple[int, int], float]
"""(fold, repeat) -> a finalist's score, the mean over the split schemes"""
Cells = Mapping[int, Cell]
"""by finalist"""
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
    folds: tuple[int, ...]
    splits: tuple[str, ...]
    """names of split schemes; empty: each finalist's own"""
    alpha: float

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Race | None":
        """The race of a resolved sweep, None where it has none."""
        confirm = definition.get("confirm") or {}
        spec = confirm.get("race")
        if not spec:
            return None
        folds, splits = tuple(confirm["folds"]), tuple(confirm["splits"])
        return cls(Objective.of(definition), confirm["repeats"], spec["max_repeats"], folds, splits, spec["alpha"])

    @property
    def runs(self) -> int:
        """Of a finalist in a repeat: folds times split schemes."""
        return len(self.folds) * max(1, len(self.splits))

    def next_heat(self, trials: Trials, finalists: Collection[int]) -> Heat | None:
        """Who runs which repeat next; None where it is decided, or the repeats are used up."""
        scores, ended = self.cells(trials, finalists), self._ended(trials)
        for repeat in range(self.first, self.most):
            known = {number: {cell: v for cell, v in own.items() if cell[1] < repeat} for number, own in scores.items()}
            inside = self.still_in(known, len(finalists))
            if len(inside) < 2:
                return None
            if any(ended[number, repeat] < self.runs for number in inside):
                return Heat(repeat, tuple(sorted(inside)))
        return None

    def left(self, trials: Trials, heat: Heat) -> int:
        """How many runs of a heat have not ended."""
        ended = self._ended(trials)
        return sum(max(0, self.runs - ended[number, heat.repeat]) for number in heat.finalists)

    def still_in(self, scores: Cells, runners: int) -> list[int]:
        """The leader and those that are not behind it, of the ones that have a score.

        Args:
            scores: so far.
            runners: how many set out: by their pairs and the looks the level is shared out.
        """
        level = shared_level(self.alpha, self.most - self.first, runners)

        def leader(group: Sequence[int]) -> int:
            shared = set[tuple[int, int]].intersection(*(set(scores[number]) for number in group))
            means = {number: fmean(scores[number][cell] for cell in shared or scores[number]) for number in group}
            return max(group, key=lambda number: self.objective.sign * means[number])

        running = [number for number, own in scores.items() if own]
        return still_in(running, leader, lambda one, other: self._behind(scores[other], scores[one], level))

    def cells(self, trials: Trials, finalists: Collection[int]) -> dict[int, dict[tuple[int, int], float]]:
        """finalist -> (fold, repeat) -> its mean over the split schemes, where the runs under all of them have a score.

        Split schemes differ in how hard they are: a mean over those that happen to be there would compare nothing.
        """
        found: dict[int, dict[tuple[int, int], dict[str, float]]] = {number: defaultdict(dict) for number in finalists}
        for plan, end in trials:
            run = plan.runs[0]
            if self._asks_for(run) and plan.candidate in found and end is not None and end.has_score:
                found[plan.candidate][run.fold, run.repeat][run.split] = end.score
        whole = max(1, len(self.splits))
        return {
            number: {cell: fmean(by_split.values()) for cell, by_split in own.items() if len(by_split) == whole}
            for number, own in found.items()
        }

    def _ended(self, trials: Trials) -> Counter[tuple[int | None, int]]:
        """(finalist, repeat) -> its runs that ended, however."""
        ended = [(plan.candidate, plan.runs[0]) for plan, end in trials if end is not None]
        return Counter((finalist, run.repeat) for finalist, run in ended if self._asks_for(run))

    def _asks_for(self, run: RunPlan) -> bool:
        return asks_for({"folds": self.folds, "splits": self.splits}, run.fold, run.split)

    def _behind(self, leader: Cell, other: Cell, level: float) -> bool:
        """Whether the leader's lead, fold by fold and seed by seed, is more than chance gives."""
        lead = [self.objective.sign * (leader[cell] - other[cell]) for cell in sorted(leader.keys() & other.keys())]
        if len(lead) < FEWEST_PAIRS:
            return False
        if min(lead) == max(lead):  # a test has nothing to divide by
            return lead[0] > 0
        test = stats.ttest_1samp(lead, 0.0)
        return bool(test.pvalue < level and test.statistic > 0)
