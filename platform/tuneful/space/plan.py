"""How many runs and epochs a sweep takes: what its dry run and its progress bar say."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tuneful.space.extremes import largest
from tuneful.space.schedulers import AshaSpec, HyperBandSpec
from tuneful.space.sweep import Sweep


@dataclass(frozen=True)
class Rung:
    """An epoch at which the scheduler stops trials."""

    epoch: int
    trials: float
    """How many are expected to go on past it."""


@dataclass(frozen=True)
class Bracket:
    """A share of the trials with rungs of their own."""

    share: float
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class EpochPlan:
    """The size of a sweep in epochs of single runs, the confirmation included."""

    full: int
    """When no trial is stopped."""

    expected: int
    """When one in `reduction_factor` trials goes on past each rung; a scheduler that doesn't wait stops fewer.

    What median stopping, `early_stop` and `stall` save is not known before, nor what races of finalists add.
    """

    confirm: int
    """The part of both that the confirmation takes."""


def epochs_of(sweep: Sweep) -> int:
    """Epochs of a run that is not stopped; where epochs are searched, the most that are."""
    return int(largest("training.epochs", sweep))


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


def brackets(sweep: Sweep) -> list[Bracket]:
    """The brackets of ASHA (one) or HyperBand; none of a scheduler without rungs.

    Ray gives a trial a bracket at random, one with more rungs e times as often for each rung.
    """
    scheduler, epochs = sweep.definition.scheduler, epochs_of(sweep)
    if not isinstance(scheduler, AshaSpec | HyperBandSpec):
        return []
    number = scheduler.brackets if isinstance(scheduler, HyperBandSpec) else 1
    found = [tuple(_rung_epochs(scheduler, bracket, epochs)) for bracket in range(number)]
    weights = [math.exp(len(rungs)) for rungs in found]
    return [Bracket(weight / sum(weights), rungs) for weight, rungs in zip(weights, found, strict=True)]


def _rung_epochs(scheduler: AshaSpec | HyperBandSpec, bracket: int, epochs: int) -> Iterator[int]:
    epoch = scheduler.grace_period * scheduler.reduction_factor**bracket
    while epoch < epochs:
        yield epoch
        epoch *= scheduler.reduction_factor


def rungs(sweep: Sweep) -> list[Rung]:
    """The epochs before the last at which ASHA or HyperBand stops trials, over all brackets."""
    scheduler, found = sweep.definition.scheduler, brackets(sweep)
    if not isinstance(scheduler, AshaSpec | HyperBandSpec):
        return []

    def past(epoch: int) -> float:
        left = (b.share / scheduler.reduction_factor ** sum(e <= epoch for e in b.epochs) for b in found)
        return float(sweep.definition.trials * sum(left))

    return [Rung(epoch, past(epoch)) for epoch in sorted({epoch for bracket in found for epoch in bracket.epochs})]


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
