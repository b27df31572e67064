"""How fast a sweep goes and when it will be done, from the epochs that this process has seen trained."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from statistics import fmean

from tuneful.live.view import UNFINISHED, TrialRow

WINDOW_S = 300.0
REPLAYED = 0.3
"""An epoch that arrives in less than this share of its own training time was read from the ledger."""


class Meter:
    """Counts trained epochs. Epochs on record, which a resumed trial reports at once, are not counted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._last: dict[str, float] = {}
        self._recent: deque[tuple[float, int]] = deque()
        self._trial_epochs = 0

    def started(self, trial: str) -> None:
        """A trial begins, or goes on."""
        now = self._clock()
        self._began = now if self._began is None else self._began
        self._last[trial] = now

    def epoch(self, trial: str, runs: int, seconds: float | None) -> None:
        """An epoch of a trial has arrived.

        Args:
            trial: its name.
            runs: how many runs advance together in it.
            seconds: what one run's epoch took, as reported; None where that is not known.
        """
        now = self._clock()
        gap = now - self._last.get(trial, now)
        self._last[trial] = now
        if seconds is not None and gap < REPLAYED * seconds * runs:
            return
        self._trial_epochs += 1
        self._recent.append((now, runs))

    def epochs_per_minute(self) -> float | None:
        """Epochs of runs per minute, over the last five minutes."""
        if self._began is None or not self._trial_epochs:
            return None
        now = self._clock()
        while self._recent and self._recent[0][0] < now - WINDOW_S:
            self._recent.popleft()
        span = min(WINDOW_S, now - self._began)
        return 60 * sum(runs for _, runs in self._recent) / span if span > 0 else None

    def seconds_left(self, rows: Iterable[TrialRow], total: int, epochs: int) -> float | None:
        """Seconds until `total` trials have ended, with as many epochs each as those so far had.

        Args:
            rows: the trials on record.
            total: how many there are to be.
            epochs: of a full trial.
        """
        if self._began is None or not self._trial_epochs:
            return None
        rows = list(rows)
        usual = fmean([row.epoch for row in rows if row.state not in UNFINISHED and row.epoch] or [epochs])
        under_way = [row.epoch for row in rows if row.state in UNFINISHED]
        ahead = (total - len(rows)) * usual + sum(max(usual - epoch, 0.5) for epoch in under_way)
        rate = self._trial_epochs / max(self._clock() - self._began, 1e-9)
        return max(0.0, ahead / rate)
