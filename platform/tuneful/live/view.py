"""A stage of a sweep at one moment, as plain values: what the live table shows, whoever made it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.live.gpus import GpuUse

RUNNING, WAITING, INTERRUPTED = "running", "waiting", "interrupted"
UNFINISHED = (RUNNING, WAITING, INTERRUPTED)


@dataclass(frozen=True)
class TrialRow:
    """A trial as it is shown."""

    name: str
    state: str
    """of TrialEnd, or one of UNFINISHED"""
    epoch: int
    """the last finished one"""
    score: float
    settings: Mapping[str, Any]
    reason: str | None = None
    """why it failed, or was stopped by hand"""


@dataclass(frozen=True)
class Pace:
    """What the records don't tell: only the process that runs the sweep knows it."""

    slots: int
    """trials that can run at once"""
    epochs_per_minute: float | None = None
    """of all slots together; None before the first"""
    seconds_left: float | None = None
    """of this stage; None before the first epoch"""
    gpus: tuple[GpuUse, ...] = ()
    reused: int = 0
    """trials whose runs were taken from another sweep"""
    running: tuple[str, ...] = ()
    """names of the trials that occupy a slot"""


@dataclass(frozen=True)
class View:
    """A stage of a sweep at one moment."""

    sweep: str
    stage: str
    objective: Objective
    epochs: int
    """of a full trial"""
    total: int
    """trials of the stage when it is done"""
    rows: Sequence[TrialRow]
    """in the order of their numbers"""
    pace: Pace | None = None
    """None when nobody works on the sweep"""
    owner: str | None = None
    """who works on it, where that is worth saying"""
    counts: Counter[str] = field(init=False)
    """trials by state"""

    def __post_init__(self) -> None:
        """Count the trials."""
        object.__setattr__(self, "counts", Counter(row.state for row in self.rows))

    @property
    def ended(self) -> int:
        """Trials that have ended, whatever way."""
        return sum(number for state, number in self.counts.items() if state not in UNFINISHED)

    @property
    def best(self) -> TrialRow | None:
        """The best complete trial; one with fewer epochs doesn't count."""
        best = None
        for row in self.rows:
            if row.state == "complete" and (best is None or self.objective.better(row.score, best.score)):
                best = row
        return best

    def telling(self, most: int) -> tuple[list[TrialRow], list[TrialRow], list[TrialRow]]:
        """The `most` rows worth showing: those that run, the best of the complete ones, the newest of the others."""
        running = [row for row in self.rows if row.state in UNFINISHED]
        running = sorted(running, key=lambda row: UNFINISHED.index(row.state))[: max(1, most - 2)]
        ended = [row for row in self.rows if row.state not in UNFINISHED]
        complete = [row for row in ended if row.state == "complete" and not math.isnan(row.score)]
        complete.sort(key=lambda row: -self.objective.sign * row.score)
        room = most - len(running)
        best = complete[: max(room // 2, room - (len(ended) - len(complete)))]
        chosen = {row.name for row in best}
        newest = [row for row in reversed(ended) if row.name not in chosen]
        return running, best, newest[: room - len(best)]


def settings_of(plan: TrialPlan) -> dict[str, Any]:
    """What tells a trial apart: its settings, or which run of which trial it confirms."""
    if plan.candidate is None:
        return dict(sorted(plan.settings.items()))
    run = plan.runs[0]
    return {"trial": plan.candidate, "split": run.split, "fold": run.fold, "seed": run.seed}


def ended_row(plan: TrialPlan, end: TrialEnd) -> TrialRow:
    """A trial that has ended."""
    epoch = end.scores[-1][0] if end.scores else 0
    return TrialRow(plan.name, end.state, epoch, end.score, settings_of(plan), end.error)
