"""A trial's way through its epochs: where it begins to report them, and where it ends before its runs do.

Knows nothing of Ray: the same in every kind of trial.
"""

import dataclasses
from pathlib import Path
from typing import Any, cast

from analysis.metrics.registry import Direction
from analysis.objective import Objective
from analysis.records.sweep import RunPlan
from trainers.training.stopping import EarlyStopping
from tuneful.sweep.ground import Ground
from tuneful.sweep.trials.lockstep import Lockstep, OpenSession, TrialEpoch


class Course:
    """Advances the runs of a trial together, as far as they are to go.

    - `early_stop` ends a trial as complete. It is a function of the scores alone, so a trial that goes on after a
      restart ends at the same epoch.
    - A leg of a population's member begins after an epoch that was reported before, and ends at another, both by
      number; the trial itself may go on in a later leg.
    """

    def __init__(self, lockstep: Lockstep, config: dict[str, Any]) -> None:
        self._lockstep = lockstep
        rule = config.get("early_stop")
        mode = cast(Direction, config["objective"]["mode"])
        self._stopping = EarlyStopping(rule["patience"], rule["min_gain"], mode) if rule else None
        self._grace = rule["grace_period"] if rule else 0
        self._after, self._until = config.get("leg", (0, None))

    def advance(self) -> TrialEpoch:
        """The next epoch that was not reported before."""
        epoch = self._next()
        while epoch.state == "running" and epoch.epoch <= self._after:
            epoch = self._next()
        return epoch

    def ends_with(self, epoch: TrialEpoch) -> bool:
        """Whether nothing comes after `epoch`, of the trial or of this leg."""
        return epoch.state != "running" or (self._until is not None and epoch.epoch >= self._until)

    def close(self) -> None:
        """End the runs where they are."""
        self._lockstep.close()

    def _next(self) -> TrialEpoch:
        epoch = self._lockstep.advance()
        if self._stopping is None or not self._stopping.update(epoch.score):
            return epoch
        ends = epoch.state == "running" and epoch.epoch >= self._grace
        return dataclasses.replace(epoch, state="finished") if ends else epoch


def open_course(config: dict[str, Any], open_session: OpenSession) -> Course:
    """The way of the trial that Tune's configuration names; nothing is trained before its first `advance`."""
    objective, *further = (Objective(**one) for one in (config["objective"], *config.get("further_objectives", ())))
    runs = tuple(RunPlan(**run) for run in config["runs"])
    ground = Ground(**config["ground"]) if "ground" in config else None
    return Course(Lockstep(Path(config["folder"]), runs, objective, open_session, tuple(further), ground), config)
