"""A view to show: trials of every state, without a sweep."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from analysis.objective import Objective
from tuneful.live.view import Pace, TrialRow, View


@pytest.fixture
def row_of() -> Callable[..., TrialRow]:
    """`row_of(3, "complete", 0.9, lr=0.1)`: a trial that has finished two epochs."""

    def make(number: int, state: str, score: float = math.nan, reason: str | None = None, **settings: Any) -> TrialRow:
        return TrialRow(f"search-{number:04d}", state, 2, score, settings, reason)

    return make


@pytest.fixture
def view_of() -> Callable[..., View]:
    """`view_of(rows)`: of a sweep of 20 trials that runs on two slots."""

    def make(rows: list[TrialRow], **changes: Any) -> View:
        pace = Pace(2, 31.4, 252.0, running=tuple(row.name for row in rows if row.state == "running"))
        values = {
            "sweep": "loss",
            "stage": "search",
            "objective": Objective(),
            "epochs": 6,
            "total": 20,
            "rows": rows,
            "pace": pace,
        }
        return View(**{**values, **changes})

    return make
