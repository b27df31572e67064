"""Falls of the learning rate when a metric stops getting better."""

from analysis.metrics.registry import Direction
from trainers.optim.improvement import Improvement, State
from trainers.optim.spec import PlateauSpec


class Plateau:
    """The falls of schedule `plateau`, as torch's ReduceLROnPlateau with an absolute threshold.

    An epoch whose metric is NaN is one without improvement. torch leaves out falls of less than 1e-8; here there is
    no such limit.
    """

    def __init__(self, spec: PlateauSpec, direction: Direction) -> None:
        self._spec = spec
        self._improvement = Improvement(spec.min_delta, direction)
        self.factor = 1.0
        """Product of all falls so far, before `eta_min`."""

    def update(self, value: float) -> None:
        """Take the metric of another epoch."""
        self._improvement.update(value)
        if self._improvement.epochs_without > self._spec.patience:
            self.factor *= self._spec.factor
            self._improvement.epochs_without = 0

    def rate(self, scheduled: float) -> float:
        """The learning rate where the schedule says `scheduled`: fallen, but not below `eta_min`.

        A warm-up that is below `eta_min` by itself stays as it is.
        """
        return max(scheduled * self.factor, min(scheduled, self._spec.eta_min))

    def state(self) -> State:
        """What `load` needs to go on, as JSON values."""
        return {"factor": self.factor, **self._improvement.state()}

    def load(self, state: State) -> None:
        """Go on from `state`."""
        self.factor = float(state["factor"])
        self._improvement.load(state)
