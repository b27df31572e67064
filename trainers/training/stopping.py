"""Early stopping."""

from analysis.metrics.registry import Direction
from trainers.optim.improvement import Improvement, State


class EarlyStopping:
    """Stops a run after `patience` epochs in a row without a value that is better by more than `min_delta`.

    As Lightning's EarlyStopping (ICBHI 2017: patience 3, min_delta 0.01), but a NaN is an epoch without improvement.
    A patience of None never stops a run.
    """

    def __init__(self, patience: int | None, min_delta: float, direction: Direction) -> None:
        self._patience = patience
        self._improvement = Improvement(min_delta, direction)

    def update(self, value: float) -> bool:
        """Take the metric of another epoch; True: stop."""
        self._improvement.update(value)
        return self.reached

    @property
    def reached(self) -> bool:
        """Whether the run is to stop, or has stopped."""
        return self._patience is not None and self._improvement.epochs_without >= self._patience

    def state(self) -> State:
        """What `load` needs to go on, as JSON values."""
        return self._improvement.state()

    def load(self, state: State) -> None:
        """Go on from `state`."""
        self._improvement.load(state)
