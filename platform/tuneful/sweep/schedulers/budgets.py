"""What ends a sweep before all of its trials have run.

Hours and GPU hours stop everything after the epochs under way, and the rest is left for another time. A search that
stalled starts no new trial; those under way end, and its best are confirmed.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from analysis.records.sweep import SweepFolder
from tuneful.space.definition import ResourcesSpec, SweepDefinition
from tuneful.sweep.schedulers.spent import gpus_of_trial, out_of_gpu_hours, recorded_seconds
from tuneful.sweep.unsaved import Unsaved

Budget = Callable[[], str | None]
"""Asked again and again while trials run: why everything stops now, or None."""


class Hours:
    """Wall time of this process; the same command later has as much again."""

    def __init__(self, most: float) -> None:
        self._deadline = time.monotonic() + 3600 * most

    def __call__(self) -> str | None:
        """Why to stop, or None."""
        return "The hour limit is reached" if time.monotonic() > self._deadline else None


class GpuHours(Unsaved, tune.Callback):  # type: ignore[misc]
    """GPU time that trials occupied, over all processes that have worked on the sweep.

    Before this process the ledger says it: the seconds of every epoch on record that the sweep trained itself. In this
    process the clock runs from when a trial holds its resources until it ends.
    """

    def __init__(self, most: float, resources: ResourcesSpec, folder: SweepFolder) -> None:
        self._most = most
        self._gpus = gpus_of_trial(resources)
        self._seconds = recorded_seconds(folder)
        self._since: dict[str, float] = {}

    @property
    def used(self) -> float:
        """GPU hours so far."""
        now = time.monotonic()
        running = sum(now - since for since in self._since.values())
        return self._gpus * (self._seconds + running) / 3600

    def __call__(self) -> str | None:
        """Why to stop, or None."""
        return out_of_gpu_hours(self.used, self._most)

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial has got its resources."""
        del iteration, trials, info
        self._since.setdefault(trial.trial_id, time.monotonic())

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial gives its resources back."""
        del iteration, trials, info
        self._seconds += time.monotonic() - self._since.pop(trial.trial_id, time.monotonic())

    on_trial_error = on_trial_recover = on_trial_complete


def budgets_of(definition: SweepDefinition, folder: SweepFolder) -> list[Budget]:
    """The budgets that a sweep file sets."""
    budgets: list[Budget] = []
    if definition.max_hours is not None:
        budgets.append(Hours(definition.max_hours))
    if definition.max_gpu_hours is not None:
        budgets.append(GpuHours(definition.max_gpu_hours, definition.resources, folder))
    return budgets


class Halting(Unsaved, Searcher):  # type: ignore[misc]
    """A searcher that suggests nothing more once the search is to end; trials under way run on."""

    def __init__(self, searcher: Searcher, ended: Callable[[], bool]) -> None:
        super().__init__(metric=searcher.metric, mode=searcher.mode)
        self._searcher, self._ended = searcher, ended
        self._running: set[str] = set()

    def suggest(self, trial_id: str) -> Any:
        """The next trial, None while the last ones run, FINISHED after them."""
        if self._ended():
            return None if self._running else str(Searcher.FINISHED)
        suggested = self._searcher.suggest(trial_id)
        if isinstance(suggested, dict):
            self._running.add(trial_id)
        return suggested

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Told on."""
        self._searcher.on_trial_result(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Told on."""
        self._searcher.on_trial_complete(trial_id, result, error)
        self._running.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """An empty file: the ledger is the memory, Tune's state is never read back."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""


class Until(Halting):
    """Ends a search that has stalled.

    What the trials under way still bring may revive it, so that it is over only when none is left. Trials that were
    interrupted come first and are finished in any case.
    """

    def __init__(self, searcher: Searcher, stalled: Callable[[], bool], interrupted: int) -> None:
        super().__init__(searcher, lambda: self._stalled and not self._interrupted)
        self._look, self._stalled, self._interrupted = stalled, stalled(), interrupted

    def suggest(self, trial_id: str) -> Any:
        """As `Halting`."""
        suggested = super().suggest(trial_id)
        if isinstance(suggested, dict):
            self._interrupted = max(0, self._interrupted - 1)
        return suggested

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Told on, and looked at: reading the record at every turn of Tune's loop would be slow."""
        super().on_trial_complete(trial_id, result, error)
        self._stalled = self._look()
