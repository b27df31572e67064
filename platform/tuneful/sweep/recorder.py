"""The record of a sweep's trials while they run. Knows nothing of Ray."""

from typing import Any, Protocol

from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan

FAILED = "failed"


class Listener(Protocol):
    """Hears of what happens to trials; must not be slow, Tune's loop waits for it."""

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended; its end is on record."""


class Recorder:
    """Follows the trials that run: keeps their scores, and puts their ends on record.

    `stopping` is set when the sweep is being stopped: trials that end then were interrupted, not finished.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder
        self.stopping = False
        self.listener: Listener | None = None
        self.running: dict[str, TrialPlan] = {}
        self._scores: dict[str, dict[int, float]] = {}

    def start(self, trial_id: str, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self.running[trial_id] = plan
        self._scores[trial_id] = {}
        if self.listener is not None:
            self.listener.started(plan)

    def result(self, trial_id: str, result: dict[str, Any]) -> None:
        """An epoch of a running trial. A process that died and was started again reports some epochs twice."""
        if result["state"] != FAILED:
            self._scores[trial_id][result["epoch"]] = result["score"]
            if self.listener is not None:
                self.listener.epoch(self.running[trial_id], result)

    def end(self, trial_id: str, result: dict[str, Any] | None, error: bool) -> TrialEnd | None:
        """The end of a trial, or None when it was interrupted."""
        plan, scores = self.running.pop(trial_id), self._scores.pop(trial_id)
        if result is not None and not error and "state" in result and result["state"] != FAILED:
            scores[result["epoch"]] = result["score"]  # the result that a scheduler stops at is only told here
        state = self._state(result, error)
        if state is None:
            return None
        message = (result or {}).get("error") or ("the trial's process died twice" if error else None)
        end = TrialEnd(state, tuple(sorted(scores.items())), message)
        self.folder.end(plan, end)
        if self.listener is not None:
            self.listener.ended(plan, end)
        return end

    def _state(self, result: dict[str, Any] | None, error: bool) -> str | None:
        state = (result or {}).get("state")
        if state in (FAILED, "diverged"):
            return str(state)
        if state == "finished":
            return "complete"
        if self.stopping:
            return None
        return FAILED if error or state is None else "pruned"
