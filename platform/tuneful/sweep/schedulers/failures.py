"""What ends a sweep whose trials fail one after the other: what ails the machine would fail the rest as well."""

from typing import Any

from analysis.records.sweep import TrialEnd, TrialPlan
from tuneful.sweep.recorder import FAILED

MOST = 5
"""One GPU that fell off its bus fails a trial in seconds: it gets the next ones while the others are training."""


class FailuresInARow:
    """A listener that counts, and a budget: trials in a row may fail, up to a number.

    In a row means in the order in which they end. A trial that failed for its own settings says nothing of the others.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most, self._count = most, 0

    def __call__(self) -> str | None:
        """Why to stop, or None."""
        return None if self._count < self._most else f"{self._count} trials in a row have failed"

    def started(self, plan: TrialPlan) -> None:
        """A trial that begins says nothing."""

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """Nor does an epoch: it may be of another GPU."""

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        del plan
        if end.state != FAILED:
            self._count = 0
        elif not end.by_settings:
            self._count += 1
