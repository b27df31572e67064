"""The scheduler of a sweep: Ray's, with the memory of trials that began before this process."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    MedianStoppingRule,
    TrialScheduler,
)

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.schedulers.remembering import Remembering, Scores

Ended = Sequence[tuple[TrialPlan, TrialEnd | None]]
Decided = Callable[[TrialPlan], Scores]
"""An interrupted trial -> its epochs on record after which it went on."""


def build_scheduler(
    definition: dict[str, Any], epochs: int, on_record: Ended, decided: Decided = lambda _: ()
) -> TrialScheduler:
    """The scheduler that a resolved sweep file names.

    Args:
        definition: the sweep file as resolved.
        epochs: of a full trial.
        on_record: the trials on record; their scores count as if this process had seen them.
        decided: of trials without an end: what was decided about them is not decided again.
    """
    spec = dict(definition["scheduler"])
    build = SCHEDULERS[spec.pop("name")]
    inner = build(spec, Objective.of(definition).mode, epochs)
    if inner is None:
        return FIFOScheduler()
    scheduler = Remembering(inner)
    for plan, end in on_record:
        if end is None:
            scheduler.remember(plan.name, decided(plan), by_itself=False)
        else:
            # One that failed went on after all of its epochs, what ended it was something else.
            scheduler.remember(plan.name, end.scores, by_itself=end.state not in ("pruned", FAILED))
    return scheduler


def _asha(spec: dict[str, Any], mode: str, epochs: int) -> TrialScheduler:
    return NumberedBrackets(time_attr="epoch", metric="score", mode=mode, max_t=epochs, **spec)


def _median(spec: dict[str, Any], mode: str, epochs: int) -> TrialScheduler:
    del epochs
    return MedianRule(
        time_attr="epoch",
        metric="score",
        mode=mode,
        grace_period=spec["grace_period"],
        min_samples_required=spec["min_trials"],
        # Ray's rule else pauses a trial that there is nothing to compare with yet, while others wait.
        min_time_slice=math.inf,
        hard_stop=True,  # else what is stopped is only paused, and trained on in the end
    )


def _runs_all(spec: dict[str, Any], mode: str, epochs: int) -> None:
    del spec, mode, epochs


SCHEDULERS: dict[str, Callable[[dict[str, Any], str, int], TrialScheduler | None]] = {
    "asha": _asha,
    "hyperband": _asha,
    "median": _median,
    "fifo": _runs_all,
    "pbt": _runs_all,  # the population decides between legs, see population.py; nothing within a leg is stopped
}
"""Schedulers by name: (settings, mode, epochs) -> Ray's scheduler; None where no trial is ever stopped."""


class MedianRule(MedianStoppingRule):  # type: ignore[misc]
    """Ray's rule, which fails when it is told more of a trial that it has stopped.

    Trials on record are told one after the other: beside all of those before it, one may look worse than it did when
    they ran together and it went on.
    """

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Go on or stop."""
        decision = super().on_trial_result(tune_controller, trial, result)
        self._stopped_trials.clear()
        return str(decision)


class NumberedBrackets(AsyncHyperBandScheduler):  # type: ignore[misc]
    """Asynchronous HyperBand; ASHA is the one with one bracket. A trial's bracket depends on its number alone.

    Ray draws it from numpy's global generator: after a restart a trial's scores would fill another bracket's rungs.
    """

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Give a trial its bracket."""
        with _numpy_seeded(int(trial.trial_id.rpartition("-")[2])):
            super().on_trial_add(tune_controller, trial)


@contextmanager
def _numpy_seeded(number: int) -> Iterator[None]:
    """numpy's global generator as a function of `number`, and as it was afterwards."""
    state = np.random.get_state()
    np.random.seed(np.random.SeedSequence(number).generate_state(4))
    try:
        yield
    finally:
        np.random.set_state(state)
