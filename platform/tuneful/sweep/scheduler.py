"""The scheduler of a sweep: Ray's ASHA with the memory of trials that ended before this process began."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from analysis.records.sweep import TrialEnd, TrialPlan

Ended = Sequence[tuple[TrialPlan, TrialEnd | None]]


def build_scheduler(definition: dict[str, Any], epochs: int, ended: Ended) -> TrialScheduler:
    """The scheduler that a resolved sweep file names.

    Args:
        definition: the sweep file as resolved.
        epochs: of a full trial.
        ended: the trials on record; their scores count at ASHA's rungs as if this process had seen them.
    """
    spec = dict(definition["scheduler"])
    if spec.pop("name") == "fifo":
        return FIFOScheduler()
    mode = definition["objective"]["mode"]
    scheduler = ASHAScheduler(time_attr="epoch", metric="score", mode=mode, max_t=epochs, **spec)
    for plan, end in ended:
        if end is not None and end.state != "failed":
            _replay(scheduler, plan.name, end, 1 if mode == "max" else -1)
    return scheduler


def _replay(scheduler: ASHAScheduler, name: str, end: TrialEnd, sign: int) -> None:
    """Record a finished trial's scores at the rungs. Ray has no public way: `_brackets` is pinned by Ray's version."""
    trial = SimpleNamespace(trial_id=name)
    for epoch, score in end.scores:
        scheduler._brackets[0].on_result(trial, epoch, sign * score)
