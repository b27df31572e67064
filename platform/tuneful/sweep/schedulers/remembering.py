"""A scheduler of Ray that knows trials by their own names and hears of every epoch once.

Tune gives a trial another id in every process, calls a trial's last result twice where the scheduler stopped it, and a
trial that goes on after a restart reports its epochs on record once more. None of this reaches the scheduler inside.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from tuneful.sweep.recorder import FAILED
from tuneful.sweep.unsaved import Unsaved

Scores = Sequence[tuple[int, float]]
"""(epoch, score) in order"""


class NamedTrial:
    """A trial as the scheduler inside sees it: by its own name, the same object always."""

    def __init__(self, name: str) -> None:
        self.trial_id = name


class Remembering(Unsaved, FIFOScheduler):  # type: ignore[misc]
    """Hands a scheduler every epoch of every trial once, those of earlier processes among them."""

    def __init__(self, inner: TrialScheduler) -> None:
        super().__init__()
        self.inner = inner
        self._metric = inner.metric
        self._trials: dict[str, NamedTrial] = {}
        self._heard: dict[str, int] = {}
        """newest epoch by trial"""

    def remember(self, name: str, scores: Scores, by_itself: bool) -> None:
        """Tell of a trial of an earlier process as Tune would have.

        Args:
            name: of the trial.
            scores: its epochs, all of them decided: it went on after each, or was stopped at the last.
            by_itself: whether it ended with the last of them without being stopped.
        """
        trial = SimpleNamespace(trial_id=name, config={"trial": name})
        self.on_trial_add(None, trial)
        for number, (epoch, score) in enumerate(scores, 1):
            result = {"epoch": epoch, "score": score}
            if by_itself and number == len(scores):
                self.on_trial_complete(None, trial, result)
            else:
                self.on_trial_result(None, trial, result)

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """A trial begins; one whose process died is added a second time, which is none of the scheduler's business."""
        name = _name(trial)
        if name not in self._trials:
            self._trials[name] = NamedTrial(name)
            self.inner.on_trial_add(tune_controller, self._trials[name])

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Go on or stop. Epochs that were decided before go on."""
        if not self._is_new(_name(trial), result):
            return str(TrialScheduler.CONTINUE)
        return str(self.inner.on_trial_result(tune_controller, self._trials[_name(trial)], result))

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """A trial has ended; its last epoch is told here, unless it is the one that it was stopped for."""
        if result.get("state") != FAILED and self._is_new(_name(trial), result):
            self.inner.on_trial_complete(tune_controller, self._trials[_name(trial)], result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Nothing: a trial that never ran has told nothing."""

    def debug_string(self) -> str:
        """The scheduler inside."""
        return str(self.inner.debug_string())

    def _is_new(self, name: str, result: dict[str, Any]) -> bool:
        new = bool(result["epoch"] > self._heard.get(name, 0))
        if new:
            self._heard[name] = result["epoch"]
        return new


def _name(trial: Any) -> str:
    return str(trial.config.get("trial", trial.trial_id))
