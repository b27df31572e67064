"""One search in simulated time: the searcher and the scheduler of a sweep, with recorded curves in place of training.

The loop does what Tune's does with them: an epoch that ends a trial is told to nobody as an epoch, one after which the
scheduler stops a trial is not told to the searcher as an epoch, and a free slot asks for the next trial at once.
Starting a trial takes no time here.
"""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.simulator.curves import Curve, Key, key_of
from tuneful.space.sample import to_settings
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.searchers.search import MakePayload, MakePlan

Train = Callable[[dict[str, Any]], Curve]
"""Optuna's parameters -> what training them goes through"""
MakeSearcher = Callable[[Recorder, tuple[MakePlan, MakePayload]], Searcher]


@dataclass(frozen=True)
class Step:
    """An epoch that ended."""

    at_s: float
    """since the search began"""
    slot: int
    trial: TrialPlan
    epoch: int
    score: float
    ends: str | None
    """why nothing follows: complete, pruned or diverged"""
    trained: bool
    """False where it was on record already and cost nothing"""


@dataclass(frozen=True)
class Unwritten(SweepFolder):
    """A sweep's folder that keeps nothing."""

    def ask(self, plan: TrialPlan) -> None:
        """Nothing."""

    def end(self, plan: TrialPlan, end: TrialEnd) -> None:
        """Nothing."""


@dataclass
class _Running:
    """A trial in its slot."""

    trial: Any
    """what the scheduler knows it by"""
    plan: TrialPlan
    curve: Curve
    epochs: int = 0

    @property
    def key(self) -> Key:
        """Its configuration."""
        return self.plan.runs[0].key

    @property
    def ends(self) -> str | None:
        """Why it ends by itself with its newest epoch, if it does."""
        if math.isnan(self.curve.scores[self.epochs - 1]):
            return "diverged"
        return "complete" if self.epochs == len(self.curve.scores) else None


class Replay:
    """A search on so many slots.

    Args:
        train: what training a configuration goes through.
        slots: trials at a time.
        make_searcher: (recorder, its functions for plans and payloads) -> the searcher.
        scheduler: of `build_scheduler`.
    """

    def __init__(self, train: Train, slots: int, make_searcher: MakeSearcher, scheduler: TrialScheduler) -> None:
        self._train, self._slots, self._scheduler = train, slots, scheduler
        self._recorder = Recorder(Unwritten(Path("simulated")))
        self._searcher = make_searcher(self._recorder, (plan_of, lambda plan: {"trial": plan.name}))
        self._running: dict[int, _Running] = {}
        self._trained: Counter[Key] = Counter()
        """epochs on record by configuration"""
        self._now = 0.0
        self._ends: list[tuple[float, int, int]] = []
        """(when an epoch ends, which began first, slot)"""
        self._asked, self._begun = itertools.count(), itertools.count()
        self._exhausted = False

    def steps(self, budget: int) -> Iterator[Step]:
        """Every epoch in the order in which they end, until `budget` of them were trained or all is searched."""
        used = 0
        while used < budget:
            self._fill()
            if not self._ends:
                return
            self._now, _, slot = heapq.heappop(self._ends)
            step = self._epoch(slot)
            used += step.trained
            if step.ends is None:
                self._go_on(slot)
            yield step

    def _fill(self) -> None:
        """Put the next trials into the free slots; the searcher may want to wait, or have no more."""
        for slot in range(self._slots):
            if slot in self._running or self._exhausted:
                continue
            trial_id = f"simulated-{next(self._asked)}"
            config = self._searcher.suggest(trial_id)
            if config is None:
                return
            if config == Searcher.FINISHED:
                self._exhausted = True
                return
            plan, trial = self._recorder.running[trial_id], SimpleNamespace(trial_id=trial_id, config=config)
            self._scheduler.on_trial_add(None, trial)
            self._running[slot] = _Running(trial, plan, self._train(plan.params))
            self._go_on(slot)

    def _go_on(self, slot: int) -> None:
        """Begin the next epoch of a slot; it takes no time where it is on record."""
        running = self._running[slot]
        seconds = 0.0 if running.epochs < self._trained[running.key] else running.curve.seconds[running.epochs]
        heapq.heappush(self._ends, (self._now + seconds, next(self._begun), slot))

    def _epoch(self, slot: int) -> Step:
        """End an epoch, and tell of it as Tune does."""
        running = self._running[slot]
        score = running.curve.scores[running.epochs]
        running.epochs += 1
        trained = running.epochs > self._trained[running.key]
        self._trained[running.key] += trained
        ends = self._tell(running, score)
        if ends is not None:
            del self._running[slot]
        return Step(self._now, slot, running.plan, running.epochs, score, ends, trained)

    def _tell(self, running: _Running, score: float) -> str | None:
        """Tell scheduler and searcher of an epoch; why the trial ends with it, if it does."""
        ends = running.ends
        state = {None: "running", "complete": "finished"}.get(ends, ends)
        result: dict[str, Any] = {"epoch": running.epochs, "score": score, "state": state, "metrics": {}, "error": None}
        result |= {"trial_id": running.trial.trial_id, "done": ends is not None}
        if ends is None and self._scheduler.on_trial_result(None, running.trial, result) == TrialScheduler.STOP:
            ends, result["done"] = "pruned", True
        if ends is None:
            self._searcher.on_trial_result(running.trial.trial_id, result)
        else:
            self._scheduler.on_trial_complete(None, running.trial, result)
            self._searcher.on_trial_complete(running.trial.trial_id, result)
        return ends


def plan_of(number: int, params: dict[str, Any]) -> TrialPlan:
    """A trial whose one run is known by the configuration: the spec of a run that nobody trains is not needed."""
    run = RunPlan(key_of(params), {}, 0, 0, 0, "")
    return TrialPlan(SEARCH, number, params, to_settings(params), (run,))
