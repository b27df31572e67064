"""Whether a metric still gets better: what plateaus and early stopping have in common."""

import math

from analysis.metrics.registry import Direction

State = dict[str, float | int]


class Improvement:
    """The best value so far, and for how long there was no better one.

    A value is better by more than `min_delta`, as in torch's ReduceLROnPlateau with an absolute threshold; a NaN
    never is.
    """

    def __init__(self, min_delta: float, direction: Direction) -> None:
        self._min_delta, self._sign = min_delta, 1 if direction == "max" else -1
        self.best: float = -self._sign * math.inf
        self.epochs_without = 0

    def update(self, value: float) -> None:
        """Take the value of another epoch."""
        if self._sign * value > self._sign * self.best + self._min_delta:
            self.best, self.epochs_without = float(value), 0
        else:
            self.epochs_without += 1

    def state(self) -> State:
        """What `load` needs to go on, as JSON values."""
        return {"best": self.best, "epochs_without": self.epochs_without}

    def load(self, state: State) -> None:
        """Go on from `state`."""
        self.best, self.epochs_without = float(state["best"]), int(state["epochs_without"])
