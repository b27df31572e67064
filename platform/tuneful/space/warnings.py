"""What is allowed in a sweep file but looks like a mistake."""

from typing import TYPE_CHECKING

from tuneful.space.extremes import largest
from tuneful.space.sampler_limits import sampler_warnings
from tuneful.space.scheduler_limits import rungless
from tuneful.space.schedulers import AshaSpec, HyperBandSpec

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep


def warnings_of(sweep: "Sweep") -> list[str]:
    """Each in a sentence, with the fix where there is one."""
    definition, scheduler = sweep.definition, sweep.definition.scheduler
    found = [*_size(sweep), *sampler_warnings(sweep)]
    if isinstance(scheduler, AshaSpec | HyperBandSpec):
        found += filter(None, [rungless(scheduler, largest("training.epochs", sweep))])
    if definition.stall is not None and definition.stall.trials >= definition.trials:
        found.append(f"stall.trials {definition.stall.trials} is never reached with {definition.trials} trials")
    if len(sweep.published) > definition.trials:
        many = len(sweep.published)
        found.append(f"published holds {many} points, trials are {definition.trials}: the rest is not tried")
    return found


def _size(sweep: "Sweep") -> list[str]:
    size, trials = sweep.space.size(), sweep.definition.trials
    if size is None:
        return []
    if size < trials:
        text = f"the space holds {size} configurations, fewer than the {trials} trials: the search ends after {size}"
        return [f"{text}. Try: trials: {size}"]
    if size > trials and sweep.definition.search_algorithm.sampler == "grid":
        left = f"{size - trials} {'is' if size - trials == 1 else 'are'} left out"
        return [f"the grid holds {size} combinations, trials are {trials}: {left}"]
    return []
