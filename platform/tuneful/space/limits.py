"""What a sweep's numbers must be to each other, and what is allowed but looks like a mistake."""

from collections.abc import Mapping
from typing import Any

from trainers.config.build import FIELDS, Layer
from trainers.config.paths import get_path
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.checking import tag_of
from tuneful.space.conditions import show_value
from tuneful.space.definition import AshaSpec, SweepDefinition
from tuneful.space.parameters import Space
from tuneful.space.places import Places


def check_settings(layer: Layer, space: Space, fixed_tags: Mapping[str, Any]) -> None:
    """No field is set of a section whose variant is searched: the trials that switch it would drop the value.

    Raises:
        SpecError: with the entry to search instead.
    """
    for path, value in layer.values.items():
        tag = tag_of(path)
        if tag is None or tag not in space.parameters or tag in fixed_tags or path in space.parameters:
            continue
        owners = ", ".join(owner for owner in FIELDS[path].tags)
        entry = f"{path}: {{choice: [{show_value(value)}], when: {{{tag}: [{owners}]}}}}"
        raise SpecError(
            f"{layer.places[path]}: {path} is set while {tag} is searched, trials that switch it would lose the value. "
            f"Try: search: {{{entry}}}"
        )


def check_variants(space: Space, base: RunSpec) -> None:
    """No field is searched that the fixed variant of its section hasn't got.

    Raises:
        SpecError: with the variants that have it.
    """
    for path, parameter in space.parameters.items():
        tag = tag_of(path)
        if tag is None or tag in space.parameters:
            continue
        variant, owners = get_path(base.resolved(), tag), FIELDS[path].tags
        if variant not in owners:
            raise SpecError(
                f"{parameter.place(0)}: {path} does not exist for {tag}={variant}, it belongs to {', '.join(owners)}. "
                f"Try: set: {{{tag}: {owners[0]}}}"
            )


def smallest(path: str, space: Space, base: RunSpec) -> Any:
    """The smallest value that a trial can have for a numeric field."""
    return min(_values(path, space, base))


def largest(path: str, space: Space, base: RunSpec) -> Any:
    """The largest value that a trial can have for a numeric field."""
    return max(_values(path, space, base))


def _values(path: str, space: Space, base: RunSpec) -> list[Any]:
    """The ends of a searched field, the value of a fixed one; both where it is searched in some trials only."""
    parameter = space.parameters.get(path)
    entries = parameter.entries if parameter else ()
    searched = [value for entry in entries for value in entry.corners()]
    always = any(not entry.when for entry in entries)
    return searched if always else [*searched, get_path(base.resolved(), path)]


def check_limits(definition: SweepDefinition, space: Space, base: RunSpec, places: Places) -> None:
    """Folds that exist, a grace period within the epochs, no more finalists than trials.

    Raises:
        SpecError: the first that does not hold.
    """
    n_folds = _n_folds(space, base)
    confirm = definition.confirm
    if definition.objective.metric.startswith("val/") and "none" in _values("data.split.scheme", space, base):
        text = f"objective.metric is {definition.objective.metric}, but data.split.scheme=none validates on nothing"
        raise places.error(text, "objective", "metric", hint="a split with validation, then one run on all data")
    _check_folds(definition.folds, n_folds, places, ("folds",))
    if confirm is not None:
        _check_folds(confirm.folds, n_folds, places, ("confirm", "folds"))
        _check_distinct(confirm.splits, places, ("confirm", "splits"))
        if confirm.top > definition.trials:
            text = f"confirm.top must be <= trials ({definition.trials}), got {confirm.top}"
            raise places.error(text, "confirm", "top", hint=f"confirm.top: {definition.trials}")
    epochs, scheduler = smallest("training.epochs", space, base), definition.scheduler
    if isinstance(scheduler, AshaSpec) and scheduler.grace_period > epochs:
        text = f"scheduler.grace_period must be <= training.epochs ({epochs}), got {scheduler.grace_period}"
        hint = f"scheduler.grace_period: {max(1, epochs // scheduler.reduction_factor)}"
        raise places.error(text, "scheduler", "grace_period", hint=hint)


def _n_folds(space: Space, base: RunSpec) -> int | None:
    """How many folds there are in every trial; None where only the catalogue knows."""
    if "official" in _values("data.split.scheme", space, base):
        return None
    return int(smallest("data.split.n_folds", space, base))


def _check_folds(folds: tuple[int, ...], n_folds: int | None, places: Places, keys: tuple[str, ...]) -> None:
    name = ".".join(keys)
    _check_distinct(folds, places, keys)
    if n_folds is not None and max(folds) >= n_folds:
        text = f"{name} must be < data.split.n_folds ({n_folds}), got {max(folds)}"
        raise places.error(text, *keys, hint=f"{name}: [{', '.join(map(str, range(n_folds)))}]")


def _check_distinct(values: tuple[Any, ...], places: Places, keys: tuple[str, ...]) -> None:
    distinct = tuple(dict.fromkeys(values))
    if distinct != values:
        name = ".".join(keys)
        text = f"{name} holds a value twice, got {show_value(values)}"
        raise places.error(text, *keys, hint=f"{name}: {show_value(distinct)}")


def warnings_of(definition: SweepDefinition, space: Space, base: RunSpec) -> list[str]:
    """What is allowed but looks like a mistake."""
    found = []
    size = space.size()
    if size is not None and size < definition.trials:
        found.append(
            f"the space holds {size} configurations, fewer than the {definition.trials} trials: some run twice. "
            f"Try: trials: {size}"
        )
    scheduler, epochs = definition.scheduler, largest("training.epochs", space, base)
    if isinstance(scheduler, AshaSpec) and scheduler.grace_period >= epochs:
        found.append(
            f"scheduler.grace_period {scheduler.grace_period} leaves no rung before epoch {epochs}: nothing is stopped"
        )
    return found
