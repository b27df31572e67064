"""The record of a sweep's trials while they run. Knows nothing of Ray."""

from collections.abc import Mapping
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
    `reasons` says by Tune's trial id why a trial is stopped before its last epoch, where more is known than that the
    scheduler stopped it. `reused` names the sweep that the runs of a trial were taken from, by the trial's name.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self.folder = folder
        self.stopping = False
        self.listeners: list[Listener] = []
        self.running: dict[str, TrialPlan] = {}
        self.reasons: dict[str, str] = {}
        self.reused: dict[str, str] = {}
        self._scores: dict[str, dict[int, float]] = {}

    def shares_a_run(self, plan: TrialPlan) -> bool:
        """Whether a trial under way has a run of the plan: that must wait, and then reads the run's ledger."""
        busy = {run.key for other in self.running.values() for run in other.runs}
        return not busy.isdisjoint(run.key for run in plan.runs)

    def start(self, trial_id: str, plan: TrialPlan, scores: Mapping[int, float] | None = None) -> None:
        """A trial begins, or goes on, without reporting again the epochs whose `scores` are given."""
        self.running[trial_id] = plan
        self._scores[trial_id] = dict(scores or {})
        self._forget_traceback(plan)  # of an earlier life
        for listener in self.listeners:
            listener.started(plan)

    def result(self, trial_id: str, result: dict[str, Any]) -> bool:
        """An epoch of a running trial; returns whether it is new.

        A process that died and was started again reports the epochs on record once more.
        """
        new = result["state"] != FAILED and result["epoch"] not in self._scores[trial_id]
        if new:
            self._scores[trial_id][result["epoch"]] = result["score"]
            for listener in self.listeners:
                listener.epoch(self.running[trial_id], result)
        return new

    def end(self, trial_id: str, result: dict[str, Any] | None, error: bool) -> TrialEnd | None:
        """The end of a trial, or None when it was interrupted."""
        if result is not None and not error and "state" in result:
            self.result(trial_id, result)  # the epoch that a trial ends with is only told here
        plan, scores = self.running.pop(trial_id), self._scores.pop(trial_id)
        state, reason = self._state(result, error), self.reasons.pop(trial_id, None)
        if state != FAILED:
            self._forget_traceback(plan)  # of an attempt that Tune's own retry has mended
        if state is None:
            return None
        told = result or {}
        message = reason if state == "pruned" else None
        if state == FAILED:
            message = told.get("error") or self._what_happened(plan)
        values, by_settings = tuple(told.get("values") or ()), bool(told.get("by_settings"))
        end = TrialEnd(state, tuple(sorted(scores.items())), message, values, by_settings)
        self.folder.end(plan, end)
        for listener in self.listeners:
            listener.ended(plan, end)
        return end

    def _forget_traceback(self, plan: TrialPlan) -> None:
        self.folder.traceback(plan.name).unlink(missing_ok=True)

    def _what_happened(self, plan: TrialPlan) -> str:
        """Of a trial that failed unexpectedly; one whose process was killed could not say."""
        kept = self.folder.traceback(plan.name)
        if not kept.exists():
            return "the trial's process died twice"
        what = kept.read_text(errors="replace").partition("\n")[0]
        return f"{what} (see {kept})"

    def _state(self, result: dict[str, Any] | None, error: bool) -> str | None:
        state = (result or {}).get("state")
        if state in (FAILED, "diverged"):
            return str(state)
        if state == "finished":
            return "complete"
        if self.stopping:
            return None
        return FAILED if error or state is None else "pruned"
