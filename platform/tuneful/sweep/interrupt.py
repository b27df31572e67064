"""Ctrl-C, SIGTERM and used-up budgets: stop between epochs; a signal, if that takes too long, stops at once.

Tune kills what has not ended 10 s after `stop_all`, so that only a signal stops everything in this way. A budget stops
each trial after its epoch, however long that takes, and lets no other begin (`schedulers.budgets.Halting`).
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from ray.tune import Callback, Stopper

from tuneful.sweep.schedulers.budgets import Budget
from tuneful.sweep.unsaved import Unsaved

PATIENCE_S = 8.0
"""How long a stop waits for epochs that are under way. What it cuts off runs again from the last checkpoint."""


class Interrupt(Unsaved, Stopper):  # type: ignore[misc]
    """Stops all trials once a signal came or a budget is used up."""

    def __init__(self, budgets: Sequence[Budget], on_stop: Callable[[str], None], give_up: Callable[[], None]) -> None:
        self._budgets, self._on_stop, self._give_up = budgets, on_stop, give_up
        self.signal: int | None = None
        self.by_hand: Callable[[str], bool] = _nobody
        """asked after each epoch of a trial: whether somebody wants this one to end"""
        self.idle: Callable[[], bool] = _never
        """whether trials wait for room and none trains: then there is no epoch to wait for"""
        self.used_up: str | None = None
        """the budget that ended the sweep, in words"""
        self._patience: threading.Timer | None = None

    @property
    def stopping(self) -> bool:
        """Whether the sweep is being stopped."""
        return self.signal is not None or self.used_up is not None

    @property
    def exit_code(self) -> int | None:
        """130 after Ctrl-C, 143 after SIGTERM, else None."""
        return None if self.signal is None else 128 + self.signal

    @property
    def callbacks(self) -> list[Callback]:
        """The budgets that count by what Tune tells them."""
        return [budget for budget in self._budgets if isinstance(budget, Callback)]

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        """A single trial is stopped by hand, or because a budget is used up."""
        del result
        return self.by_hand(trial_id) or self.used_up is not None

    def stop_all(self) -> bool:
        """Tune asks this in every turn of its loop."""
        if self.used_up is None:
            self.used_up = next((why for budget in self._budgets if (why := budget())), None)
            if self.used_up is not None:
                self._on_stop(f"{self.used_up}: stopping after the epochs under way.")
        return self.signal is not None or (self.used_up is not None and self.idle())

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for the time of the context."""
        old = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            if self._patience is not None:  # what is done after the epochs, such as the tables, takes its time
                self._patience.cancel()

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal is not None:  # the second time: now
            self._give_up_at_once()
        self.signal = number
        self._on_stop("Stopping after the epochs under way; a second Ctrl-C stops at once.")
        self._patience = threading.Timer(PATIENCE_S, self._give_up_at_once)
        self._patience.daemon = True
        self._patience.start()

    def _give_up_at_once(self) -> None:
        self._give_up()
        os._exit(self.exit_code or 1)


def _never() -> bool:
    return False


def _nobody(trial_id: str) -> bool:
    del trial_id
    return False
