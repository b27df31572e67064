"""Trials as values: what the parts of a sweep can be tested with, without Ray and without training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialPlan
from tuneful.space.sweep import Sweep, load_sweep

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
