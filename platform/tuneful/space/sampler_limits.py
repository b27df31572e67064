"""What Optuna's samplers can learn from: conditions, choices, several objectives (found by running Optuna 5)."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from tuneful.space.conditions import show_value
from tuneful.space.objectives import objectives
from tuneful.space.parameters import Parameter
from tuneful.space.places import Places
from tuneful.space.ranges import ChoiceEntry, IntEntry
from tuneful.space.schedulers import FifoSpec, PbtSpec

if TYPE_CHECKING:
    from tuneful.space.definition import SweepDefinition
    from tuneful.space.sweep import Sweep

JOINT = ("gp", "cmaes")
"""Samplers of one joint space: what is searched in some trials only is drawn at random there."""

EVOLUTIONS = ("nsga2", "nsga3")
COMPLETE_ONLY = ("gp", *EVOLUTIONS)
"""Samplers that learn nothing from trials that were stopped early."""
LEARNING = ("tpe", *JOINT, *EVOLUTIONS)
FIRST_AT_RANDOM = 10
"""Trials that Optuna's TPE and GP draw at random, before they learn (`n_startup_trials`)."""


def check_sampler(sweep: "Sweep", places: Places) -> None:
    """The sampler can search this space for these objectives.

    Raises:
        SpecError: with a sampler that can.
    """
    sampler, keys = sweep.definition.search_algorithm.sampler, ("search_algorithm", "sampler")
    if sampler == "cmaes" and find_spec("cmaes") is None:
        raise places.error("search_algorithm.sampler cmaes needs the package cmaes", *keys, hint="pip install cmaes")
    if sampler == "cmaes" and len(objectives(sweep.definition)) > 1:
        text = "search_algorithm.sampler cmaes knows one objective, there are several"
        raise places.error(text, *keys, hint="sampler: tpe or nsga2")
    if sampler == "grid" and isinstance(sweep.definition.scheduler, PbtSpec):
        text = "search_algorithm.sampler is grid, but scheduler.name=pbt changes settings on the way"
        raise places.error(text, *keys, hint="sampler: random")
    learnt, least = len(sweep.space.parameters) - len(_drawn_at_random(sweep)), 2 if sampler == "cmaes" else 1
    if sampler in JOINT and learnt < least:
        kind = "ranges" if sampler == "cmaes" else "parameters"
        text = f"search_algorithm.sampler {sampler} needs {least} {kind} without conditions, the space has {learnt}"
        raise places.error(text, *keys, hint="sampler: tpe, which keeps conditions and choices")


def sampler_warnings(sweep: "Sweep") -> list[str]:
    """Where a sampler works, but not as one might think."""
    definition = sweep.definition
    sampler, lost = definition.search_algorithm.sampler, _drawn_at_random(sweep)
    found = []
    if sampler in JOINT and lost:
        why = "conditions or choices" if sampler == "cmaes" else "conditions"
        text = f"search_algorithm.sampler {sampler} draws what has {why} at random: {', '.join(lost)}"
        found.append(f"{text}. Try: sampler: tpe")
    if sampler == "grid":
        found += [_every_whole_number(path, entry) for path, entry in _log_ints(sweep)]
    if sampler in EVOLUTIONS and len(objectives(definition)) == 1:
        found.append(f"search_algorithm.sampler {sampler} is for several objectives, there is one. Try: sampler: tpe")
    if sampler in COMPLETE_ONLY and not isinstance(definition.scheduler, FifoSpec | PbtSpec):
        text = f"search_algorithm.sampler {sampler} learns nothing from the trials that scheduler.name="
        found.append(f"{text}{definition.scheduler.name} stops. Try: sampler: tpe, or scheduler: {{name: fifo}}")
    return found


def drawn_blindly(definition: "SweepDefinition", slots: int) -> str | None:
    """Said where so many trials run at once that a sampler draws most of them before it knows a score.

    With few trials it would learn next to nothing one at a time, too; a population is meant to start at once.
    """
    sampler, trials = definition.search_algorithm.sampler, definition.trials
    if sampler not in LEARNING or isinstance(definition.scheduler, PbtSpec):
        return None
    if trials < 2 * FIRST_AT_RANDOM or 2 * slots <= trials:
        return None
    text = f"The sampler {sampler} draws {min(slots, trials)} of {trials} trials before it knows a score: as many run "
    return f"{text}at once. Try: --max-concurrent-trials {trials // 4}, which takes longer and learns more"


def _log_ints(sweep: "Sweep") -> list[tuple[str, IntEntry]]:
    """The whole numbers that are searched on a logarithmic scale."""
    entries = [(p.path, entry) for p in sweep.space.parameters.values() for entry in p.entries]
    return [(path, entry) for path, entry in entries if isinstance(entry, IntEntry) and entry.log]


def _every_whole_number(path: str, entry: IntEntry) -> str:
    doubled = [entry.low]
    while 2 * doubled[-1] < entry.high:
        doubled.append(2 * doubled[-1])
    return (
        f"search_algorithm.sampler grid takes every whole number of {path} ({entry.describe()}), all {entry.count()}: "
        f"log says how often others draw them. Try: {path}: {{choice: {show_value([*doubled, entry.high])}}}"
    )


def _drawn_at_random(sweep: "Sweep") -> list[str]:
    """The parameters that a sampler of one joint space can't learn about."""
    choices = sweep.definition.search_algorithm.sampler == "cmaes"
    return [path for path, parameter in sweep.space.parameters.items() if _lost(parameter, choices)]


def _lost(parameter: Parameter, choices: bool) -> bool:
    return any(entry.when or (choices and isinstance(entry, ChoiceEntry)) for entry in parameter.entries)
