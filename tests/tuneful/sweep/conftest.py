"""Trials as values: what the parts of a sweep can be tested with, without Ray and without training."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ray.tune.search import Searcher

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialPlan
from tuneful.space.sweep import Sweep, load_sweep
from tuneful.sweep.plans import Planner
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.searchers.search import searcher_of

PlanOf = Callable[..., TrialPlan]


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """An empty sweep's folder."""
    return SweepFolder(tmp_path / "results" / "sweeps" / "tiny")


@pytest.fixture
def plan_of() -> PlanOf:
    """`plan_of(3, keys=("a", "b"))`: a trial by its number and the keys of its runs, one a fold."""

    def make(number: int, keys: tuple[str, ...] | None = None, stage: str = SEARCH, **more: Any) -> TrialPlan:
        keys = keys or (f"{stage}{number}",)
        runs = tuple(RunPlan(key, {"seed": 0}, fold, 0, 0, "stratified") for fold, key in enumerate(keys))
        settings = more.pop("settings", {"optimizer.lr": 0.001})
        return TrialPlan(stage, number, dict(settings), settings, runs, **more)

    return make


@pytest.fixture
def tiny(sweep_file: Callable[..., Path]) -> Callable[..., Sweep]:
    """The tiny sweep, checked, with blocks of its file replaced."""
    return lambda **changes: load_sweep(sweep_file(**changes))


class Drive:
    """Drives the searcher of a sweep as Tune does with one slot; each run of it is a process of its own."""

    def __init__(self, sweep: Sweep, folder: SweepFolder, past: Sequence[Any] = ()) -> None:
        self.recorder = Recorder(folder)
        planner = Planner(sweep, "digest", "fp32")
        self.searcher = searcher_of(sweep, self.recorder, (planner.search_trial, lambda plan: {"trial": plan.name}))
        self.searcher.learn(past)
        self.searcher.replay(folder.trials(SEARCH))
        self.several = len(sweep.definition.further_objectives) > 0

    def ask(self) -> TrialPlan | None:
        """The next trial; None when the search is over."""
        answer = self.searcher.suggest("id")
        return None if answer == Searcher.FINISHED else self.recorder.running["id"]

    def run(self, most: int = 1000) -> list[TrialPlan]:
        """Run so many trials to their ends, fewer when the search is over."""
        plans: list[TrialPlan] = []
        while len(plans) < most and (plan := self.ask()) is not None:
            self.finish(plan)
            plans.append(plan)
        return plans

    def finish(self, plan: TrialPlan) -> None:
        """Two epochs; of six trials one is stopped after the first, one diverges and one fails."""
        for epoch in (1, 2):
            score = score_of(plan, epoch)
            values = (score, score_of(plan, epoch, turned=True)) if self.several else ()
            result = {"epoch": epoch, "score": score, "values": values, "state": "running", "metrics": {}}
            fate = plan.number % 6 if epoch == 1 else None
            if fate == 3:
                result |= {"state": "failed", "score": math.nan, "epoch": 0, "error": "no"}
            if fate == 4:
                result |= {"state": "diverged", "score": math.nan, "values": (math.nan, math.nan)[: len(values)]}
            if epoch == 2:
                result["state"] = "finished"
            if epoch == 2 or fate in (3, 4, 5):
                self.searcher.on_trial_complete("id", result)
                return
            self.searcher.on_trial_result("id", result)


def score_of(plan: TrialPlan, epoch: int, turned: bool = False) -> float:
    """A score that depends on the settings alone: best near the middle of every range, or, turned, at an end."""
    numbers = [v for _, v in sorted(plan.settings.items()) if isinstance(v, int | float) and not isinstance(v, bool)]
    texts = sum(len(str(v)) for _, v in sorted(plan.settings.items()) if isinstance(v, str))
    distance = sum(math.log10(abs(v) + 1e-3) ** 2 for v in numbers) / 100
    return (distance if turned else 0.5 - distance) + texts / 500 + 0.01 * epoch


@pytest.fixture
def drive() -> type[Drive]:
    """`drive(sweep, folder).run(5)`: five more trials of a search, by a process that knows the folder alone."""
    return Drive
