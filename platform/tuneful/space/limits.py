"""What a sweep's numbers must be to each other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tuneful.space.conditions import show_value
from tuneful.space.definition import SweepDefinition
from tuneful.space.extremes import smallest, values
from tuneful.space.places import COMMAND_LINE, Places
from tuneful.space.ranges import ChoiceEntry
from tuneful.space.sampler_limits import check_sampler
from tuneful.space.scheduler_limits import check_scheduler

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep


def check_limits(sweep: "Sweep", places: Places) -> None:
    """Folds that exist, no more finalists than trials, and what sampler and scheduler need.

    Raises:
        SpecError: the first that does not hold.
    """
    checks: tuple[Callable[[Sweep, Places], None], ...] = (
        _check_confirm,
        _check_ends,
        _check_sample_rate,
        check_sampler,
        check_scheduler,
    )
    _check_folds(sweep.definition.folds, _n_folds(sweep), places, ("folds",))
    for check in checks:
        check(sweep, places)


def fewer_finalists(definition: SweepDefinition, places: Places) -> tuple[SweepDefinition, list[str]]:
    """The confirm stage with no more finalists than `--trials` leaves, and what that changes, in words.

    What the command line asks for, the file is fitted to. A number of trials that the file itself has is checked
    against its finalists in `check_limits`.
    """
    confirm, trials = definition.confirm, definition.trials
    if confirm is None or places.of("trials") != COMMAND_LINE or confirm.top <= trials:
        return definition, []
    changed: dict[str, int | None] = {"top": trials}
    said = f"--trials {trials} leaves {trials} of {confirm.top} finalists"
    if confirm.race is not None and trials < 2:
        said, changed = f"{said}, and no race", changed | {"race": None}
    fitted = definition.model_copy(update={"confirm": confirm.model_copy(update=changed)})
    return fitted, [f"{said}. Try: --trials {confirm.top}"]


def _check_confirm(sweep: "Sweep", places: Places) -> None:
    definition, confirm = sweep.definition, sweep.definition.confirm
    if confirm is None:
        return
    _check_folds(confirm.folds, _n_folds(sweep), places, ("confirm", "folds"))
    _check_distinct(confirm.splits, places, ("confirm", "splits"))
    if confirm.top > definition.trials:
        text = f"confirm.top must be <= trials ({definition.trials}), got {confirm.top}"
        raise places.error(text, "confirm", "top", hint=f"confirm.top: {definition.trials}")
    race = confirm.race
    if race is not None and race.max_repeats <= confirm.repeats:
        text = f"confirm.race.max_repeats must be > confirm.repeats ({confirm.repeats}), got {race.max_repeats}"
        raise places.error(text, "confirm", "race", hint=f"race: {{max_repeats: {2 * confirm.repeats}}}")
    if race is not None and confirm.top < 2:
        text = "confirm.race needs two finalists, confirm.top is 1"
        raise places.error(text, "confirm", "race", hint="confirm.top: 3, or no race")


def _check_ends(sweep: "Sweep", places: Places) -> None:
    """What ends the search can happen, and what it starts from is named once."""
    definition = sweep.definition
    hours = definition.max_gpu_hours
    if hours is not None and not definition.resources.gpus_per_worker:
        text = "max_gpu_hours needs GPUs, resources.gpus_per_worker is 0"
        raise places.error(text, "max_gpu_hours", hint=f"max_hours: {hours:g}, or --gpus-per-worker 1")
    _check_distinct(definition.warm_start, places, ("warm_start",))
    if sweep.name in definition.warm_start:
        text = f"warm_start names the sweep itself ({sweep.name}), whose trials on record it knows anyway"
        raise places.error(text, "warm_start", hint="another sweep, or another name for this one")


def _check_sample_rate(sweep: "Sweep", places: Places) -> None:
    """Recordings are decoded for each rate before the first trial: there must be few of them."""
    searched = sweep.space.parameters.get("data.sample_rate")
    if searched is not None and not all(isinstance(entry, ChoiceEntry) for entry in searched.entries):
        text = "data.sample_rate is searched in a range, and recordings are decoded for each rate"
        raise places.error(text, "search", "data.sample_rate", hint="data.sample_rate: {choice: [16000, 32000]}")


def _n_folds(sweep: "Sweep") -> int | None:
    """How many folds there are in every trial; None where only the catalogue knows."""
    if "official" in values("data.split.scheme", sweep):
        return None
    return int(smallest("data.split.n_folds", sweep))


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
