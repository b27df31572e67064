"""A sweep's trials as metrics of Ray, for its dashboard and Prometheus: a listener that neither blocks nor fails it."""

import logging
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from ray.util.metrics import Gauge

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan

_log = logging.getLogger("ray.tuneful")
STATES = ("running", "complete", "pruned", "diverged", "failed")


class RayMetrics:
    """`tuneful_score`, `tuneful_epoch` by trial; `tuneful_best_score`, `tuneful_trials` by state; all by sweep."""

    def __init__(self, sweep: str, objective: Objective, gauge: Callable[..., Any] = Gauge) -> None:
        self._objective = objective
        self._states: dict[str, str] = {}
        self._best = math.nan
        of_trial, of_sweep = {"tag_keys": ("sweep", "trial")}, {"tag_keys": ("sweep",)}
        self._tags = {"sweep": sweep}
        self._score = gauge("tuneful_score", f"{objective.metric} of a trial after its last epoch", **of_trial)
        self._epoch = gauge("tuneful_epoch", "epochs that a trial has finished", **of_trial)
        self._best_score = gauge("tuneful_best_score", f"best {objective.metric} of a complete trial", **of_sweep)
        self._trials = gauge(
            "tuneful_trials", "trials that this process has run, by state", tag_keys=("sweep", "state")
        )

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self._safely(self._state, plan, "running")

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""
        self._safely(self._told, plan, result["epoch"], result["score"])

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        self._safely(self._ended, plan, end)

    def _told(self, plan: TrialPlan, epoch: int, score: float) -> None:
        tags = {**self._tags, "trial": plan.name}
        self._epoch.set(epoch, tags)
        if math.isfinite(score):
            self._score.set(score, tags)

    def _ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        self._state(plan, end.state)
        if end.state == "complete" and self._objective.better(end.score, self._best):
            self._best = end.score
            self._best_score.set(end.score, self._tags)

    def _state(self, plan: TrialPlan, state: str) -> None:
        self._states[plan.name] = state
        counts = Counter(self._states.values())
        for each in STATES:
            self._trials.set(counts[each], {**self._tags, "state": each})

    def _safely(self, tell: Callable[..., None], *values: Any) -> None:
        try:
            tell(*values)
        except Exception:
            _log.exception("a metric could not be told")
