"""How much of a sweep is left to do."""

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, SweepFolder
from tuneful.space.sweep import Sweep
from tuneful.sweep.schedulers.spent import stalled


def wanted_trials(sweep: Sweep) -> int:
    """The trials of the search: as many as the file says, but no more than there are configurations."""
    size = sweep.space.size()
    return sweep.definition.trials if size is None else min(size, sweep.definition.trials)


def missing_trials(sweep: Sweep, folder: SweepFolder) -> int:
    """How many trials of the search still have to end; of a search that has stalled those that had begun."""
    trials = folder.trials(SEARCH)
    missing = max(0, wanted_trials(sweep) - sum(end is not None for _, end in trials))
    begun = sum(end is None for _, end in trials)
    return min(missing, begun) if stalled_sweep(sweep, folder) else missing


def stalled_sweep(sweep: Sweep, folder: SweepFolder) -> str | None:
    """That the search has stalled, in words, or None."""
    return stalled(folder.trials(SEARCH), Objective.of(sweep.resolved()), sweep.definition.stall)
