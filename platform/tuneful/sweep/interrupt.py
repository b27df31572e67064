"""Ctrl-C, SIGTERM and the hour limit: stop between epochs, and if that takes too long, stop at once."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from ray.tune import Stopper

from tuneful.sweep.unsaved import Unsaved

PATIENCE_S = 8.0
"""How long a stop waits for epochs that are under way. What it cuts off runs again from the last checkpoint."""


class Interrupt(Unsaved, Stopper):  # type: ignore[misc]
    """Stops all trials once a signal came or the time is up."""

    def __init__(self, max_hours: float | None, on_stop: Callable[[str], None], give_up: Callable[[], None]) -> None:
        self._deadline = None if max_hours is None else time.monotonic() + 3600 * max_hours
        self._on_stop, self._give_up = on_stop, give_up
        self.signal: int | None = None
        self.out_of_time = False

    @property
    def stopping(self) -> bool:
        """Whether the sweep is being stopped."""
        return self.signal is not None or self.out_of_time

    @property
    def exit_code(self) -> int | None:
        """130 after Ctrl-C, 143 after SIGTERM, else None."""
        return None if self.signal is None else 128 + self.signal

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:
        """No single trial is stopped."""
        del trial_id, result
        return False

    def stop_all(self) -> bool:
        """Tune asks this in every turn of its loop."""
        if self._deadline is not None and not self.out_of_time and time.monotonic() > self._deadline:
            self.out_of_time = True
            self._on_stop("The hour limit is reached: stopping after the epochs under way.")
        return self.stopping

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for the time of the context."""
        old = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal is not None:  # the second time: now
            self._give_up_at_once()
        self.signal = number
        self._on_stop("Stopping after the epochs under way; a second Ctrl-C stops at once.")
        timer = threading.Timer(PATIENCE_S, self._give_up_at_once)
        timer.daemon = True
        timer.start()

    def _give_up_at_once(self) -> None:
        self._give_up()
        os._exit(self.exit_code or 1)
