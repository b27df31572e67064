"""What a scheduler needs: rungs within the epochs, and for PBT settings that may change while a trial trains."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tuneful.space.extremes import smallest
from tuneful.space.objectives import objectives
from tuneful.space.places import Places
from tuneful.space.schedulers import AshaSpec, FifoSpec, HyperBandSpec, MedianSpec, PbtSpec
from tuneful.space.variables import is_variable

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep

PLASTIC = (
    "optimizer.",
    "augmentation.",
    "mixing.",
    "targets.",
    "loss.",
    "training.grad_clip",
    "model.dropout",
    "model.drop_path",
    "sampling.temperature",
)
"""Beginnings of paths that may change while a trial trains: what a step does, not what the network or the data are."""

RIGID = ("augmentation.before_mixing", "augmentation.concatenate.", "mixing.layers", "mixing.partner")
"""What of those may not, beside `.name`: another order of the step, or other data."""

NOT_WITH_PBT = {
    "confirm": "whose best have no settings of their own that could be trained again",
    "stall": "where all trials start together",
    "early_stop": "which moves a trial on that has stopped rising",
}

MIN_POPULATION = 4
"""With fewer there is nobody to copy from."""


def check_scheduler(sweep: "Sweep", places: Places) -> None:
    """The numbers of the scheduler and of `early_stop` fit the epochs and the trials.

    Raises:
        SpecError: the first that does not.
    """
    scheduler, epochs = sweep.definition.scheduler, smallest("training.epochs", sweep)
    if not isinstance(scheduler, PbtSpec | FifoSpec):
        _check_grace("scheduler", scheduler.grace_period, epochs, places)
    if type(scheduler) in CHECKS:
        CHECKS[type(scheduler)](sweep, epochs, places)
    early = sweep.definition.early_stop
    if early is not None:
        _check_grace("early_stop", early.grace_period, epochs, places)
        if early.patience >= epochs:
            text = f"early_stop.patience must be < training.epochs ({epochs}), got {early.patience}"
            raise places.error(text, "early_stop", "patience", hint=f"early_stop.patience: {max(1, epochs // 3)}")


def _check_grace(section: str, grace: int, epochs: int, places: Places) -> None:
    if grace > epochs:
        text = f"{section}.grace_period must be <= training.epochs ({epochs}), got {grace}"
        raise places.error(text, section, "grace_period", hint=f"{section}.grace_period: {max(1, epochs // 3)}")


def _check_hyperband(sweep: "Sweep", epochs: int, places: Places) -> None:
    """Every bracket stops trials somewhere before the last epoch."""
    spec = sweep.definition.scheduler
    assert isinstance(spec, HyperBandSpec)
    starts = [spec.grace_period * spec.reduction_factor**bracket for bracket in range(spec.brackets)]
    with_rungs = sum(start < epochs for start in starts)
    if spec.brackets > 1 and with_rungs < spec.brackets:
        text = f"scheduler.brackets {spec.brackets}: those from epoch {starts[with_rungs]} on leave no rung before the "
        text += f"last epoch ({epochs})"
        raise places.error(text, "scheduler", "brackets", hint=f"scheduler.brackets: {max(1, with_rungs)}")


def _check_median(sweep: "Sweep", epochs: int, places: Places) -> None:  # noqa: ARG001
    spec, trials = sweep.definition.scheduler, sweep.definition.trials
    assert isinstance(spec, MedianSpec)
    if spec.min_trials >= trials:
        text = f"scheduler.min_trials must be < trials ({trials}), got {spec.min_trials}"
        raise places.error(text, "scheduler", "min_trials", hint=f"scheduler.min_trials: {max(1, trials // 3)}")


def _check_pbt(sweep: "Sweep", epochs: int, places: Places) -> None:
    definition, spec = sweep.definition, sweep.definition.scheduler
    assert isinstance(spec, PbtSpec)
    if spec.interval >= epochs:
        text = f"scheduler.interval must be < training.epochs ({epochs}), got {spec.interval}"
        raise places.error(text, "scheduler", "interval", hint=f"scheduler.interval: {max(1, epochs // 4)}")
    if definition.trials < MIN_POPULATION:
        text = f"trials must be >= {MIN_POPULATION} for scheduler.name=pbt, whose population they are"
        raise places.error(f"{text}, got {definition.trials}", "trials", hint="trials: 8")
    for name in ("confirm", "stall", "early_stop"):
        if getattr(definition, name) is not None:
            text = f"{name} doesn't go with scheduler.name=pbt, {NOT_WITH_PBT[name]}"
            raise places.error(text, name, hint=f"leave {name} out, or scheduler: {{name: asha}}")
    if "training.epochs" in sweep.space.parameters:
        text = "training.epochs is searched, but with scheduler.name=pbt trials take over from each other midway"
        raise places.error(text, "search", "training.epochs", hint=f"set: {{training.epochs: {epochs}}}")
    if len(objectives(definition)) > 1:
        text = "scheduler.name=pbt follows one objective, there are several"
        raise places.error(text, "objective", hint="one objective, or scheduler: {name: fifo}")
    for path in spec.mutate:
        if problem := _not_mutable(path, sweep):
            plastic = [p for p in sweep.space.parameters if _not_mutable(p, sweep) is None]
            hint = f"mutate: [{', '.join(plastic)}]" if plastic else "search: {optimizer.lr: ...}, and mutate that"
            raise places.error(f"scheduler.mutate: {path} {problem}", "scheduler", "mutate", hint=hint)


def _not_mutable(path: str, sweep: "Sweep") -> str | None:
    """Why a setting can't change while a trial trains, or None where it can."""
    parameter = sweep.space.parameters.get(path)
    if parameter is None:
        return "is not searched"
    if any(entry.when for entry in parameter.entries):
        return "is searched under a condition"
    if any(path in other.parents for other in sweep.space.parameters.values()):
        return "decides what else is searched"
    reached = {path, *sweep.foundation.derivations.reached(path)}
    rigid = sorted(name for name in reached if not is_variable(name) and not plastic(name))
    return f"changes {', '.join(rigid)}, which must stay as it is while a trial trains" if rigid else None


def plastic(path: str) -> bool:
    """Whether a field may change while a trial trains."""
    return path.startswith(PLASTIC) and not path.endswith(".name") and not path.startswith(RIGID)


CHECKS: dict[type, "Callable[[Sweep, int, Places], None]"] = {
    HyperBandSpec: _check_hyperband,
    MedianSpec: _check_median,
    PbtSpec: _check_pbt,
}


def rungless(spec: AshaSpec | HyperBandSpec, epochs: int) -> str | None:
    """A warning where a scheduler stops nothing."""
    if spec.grace_period < epochs:
        return None
    return f"scheduler.grace_period {spec.grace_period} leaves no rung before epoch {epochs}: nothing is stopped"
