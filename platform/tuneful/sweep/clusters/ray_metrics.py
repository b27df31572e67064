"""A sweep's trials as metrics of Ray, for its dashboard and Prometheus: a listener that neither blocks nor fails it.

Ray 2.60 forgets a gauge that isn't set again within some twenty seconds, and an epoch may take an hour: every value is
told again and again.
"""

import contextlib
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ray.util.metrics import Gauge

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan

_log = logging.getLogger("ray.tuneful")
STATES = ("running", "complete", "pruned", "diverged", "failed")
AGAIN_S = 5.0


class RayMetrics:
    """`tuneful_score`, `tuneful_epoch` by trial; `tuneful_best_score`, `tuneful_trials` by state; all by sweep."""

    def __init__(self, sweep: str, objective: Objective, gauge: Callable[..., Any] = Gauge) -> None:
        self._objective = objective
        self._states: dict[str, str] = {}
        self._best = math.nan
        self._values: dict[tuple[int, tuple[str, ...]], tuple[Any, float, Mapping[str, str]]] = {}
        self._lock = threading.Lock()
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

    @contextlib.contextmanager
    def repeating(self) -> Iterator[None]:
        """Tell every value again and again for the time of the context, in which Ray must be running."""
        over = threading.Event()
        thread = threading.Thread(target=self._repeat, args=(over,), daemon=True, name="metrics")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _repeat(self, over: threading.Event) -> None:
        while not over.wait(AGAIN_S):
            with self._lock:
                values = list(self._values.values())
            for gauge, value, tags in values:
                self._safely(gauge.set, value, tags)

    def _set(self, gauge: Any, value: float, tags: Mapping[str, str]) -> None:
        with self._lock:
            self._values[id(gauge), tuple(tags.values())] = (gauge, value, tags)
        gauge.set(value, tags)

    def _told(self, plan: TrialPlan, epoch: int, score: float) -> None:
        tags = {**self._tags, "trial": plan.name}
        self._set(self._epoch, epoch, tags)
        if math.isfinite(score):
            self._set(self._score, score, tags)

    def _ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        self._state(plan, end.state)
        if end.state == "complete" and self._objective.better(end.score, self._best):
            self._best = end.score
            self._set(self._best_score, end.score, self._tags)

    def _state(self, plan: TrialPlan, state: str) -> None:
        self._states[plan.name] = state
        counts = Counter(self._states.values())
        for each in STATES:
            self._set(self._trials, counts[each], {**self._tags, "state": each})

    def _safely(self, tell: Callable[..., None], *values: Any) -> None:
        try:
            tell(*values)
        except Exception:
            _log.exception("a metric could not be told")
