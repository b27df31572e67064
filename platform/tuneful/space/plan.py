"""How many runs and epochs a sweep takes: what its dry run and its progress bar say."""

from dataclasses import dataclass

from tuneful.space.definition import AshaSpec
from tuneful.space.limits import largest
from tuneful.space.sweep import Sweep


@dataclass(frozen=True)
class Rung:
    """An epoch at which the scheduler stops trials."""

    epoch: int
    trials: float
    """How many are expected to go on past it."""


@dataclass(frozen=True)
class EpochPlan:
    """The size of a sweep in epochs of single runs, the confirmation included."""

    full: int
    """When no trial is stopped."""

    expected: int
    """When one in `reduction_factor` trials goes on past each rung; a scheduler that doesn't wait stops fewer."""

    confirm: int
    """The part of both that the confirmation takes."""


def epochs_of(sweep: Sweep) -> int:
    """Epochs of a run that is not stopped; where epochs are searched, the most that are."""
    return int(largest("training.epochs", sweep.space, sweep.spec_for({})))


def runs_per_trial(sweep: Sweep) -> int:
    """Folds times repeats."""
    return len(sweep.definition.folds) * sweep.definition.repeats


def confirm_runs(sweep: Sweep) -> int:
    """Finalists times folds times repeats times split schemes."""
    confirm = sweep.definition.confirm
    if confirm is None:
        return 0
    return confirm.top * len(confirm.folds) * confirm.repeats * max(1, len(confirm.splits))


def total_runs(sweep: Sweep) -> int:
    """Runs of the search and of the confirmation."""
    return sweep.definition.trials * runs_per_trial(sweep) + confirm_runs(sweep)


def rungs(sweep: Sweep) -> list[Rung]:
    """The epochs before the last at which ASHA stops trials; none without it."""
    scheduler, epochs = sweep.definition.scheduler, epochs_of(sweep)
    found: list[Rung] = []
    if isinstance(scheduler, AshaSpec):
        epoch, trials = scheduler.grace_period, float(sweep.definition.trials)
        while epoch < epochs:
            trials /= scheduler.reduction_factor
            found.append(Rung(epoch, trials))
            epoch *= scheduler.reduction_factor
    return found


def epochs_planned(sweep: Sweep) -> EpochPlan:
    """The most and the expected number of epochs over all runs."""
    epochs = epochs_of(sweep)
    confirm = confirm_runs(sweep) * epochs
    trials, done, per_run = float(sweep.definition.trials), 0, 0.0
    for rung in [*rungs(sweep), Rung(epochs, 0)]:
        per_run += trials * (rung.epoch - done)
        trials, done = rung.trials, rung.epoch
    expected = round(per_run * runs_per_trial(sweep))
    full = sweep.definition.trials * runs_per_trial(sweep) * epochs
    return EpochPlan(full + confirm, expected + confirm, confirm)
