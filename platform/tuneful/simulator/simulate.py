"""A comparison of search algorithms from a sweep's file and recorded curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.objective import Objective
from tuneful.errors import SimulationError
from tuneful.simulator.algorithms import algorithms
from tuneful.simulator.comparison import Searches, Setting, compare
from tuneful.simulator.curves import Curves
from tuneful.simulator.recorded import load_curves
from tuneful.simulator.world import Reality
from tuneful.space.sweep import Sweep


@dataclass(frozen=True)
class Asked:
    """What is to be compared; None leaves what the sweep's file and the records say."""

    source: str
    """a sweep of the results folder, or a table"""
    samplers: Sequence[str] = ()
    schedulers: Sequence[str] = ()
    seeds: int = 20
    slots: int = 2
    budget: int | None = None
    """epochs"""
    within: float | None = None
    """how far the true score may be from the best one's to count as reached"""


def simulate(sweep: Sweep, asked: Asked, results: Path) -> tuple[list[Searches], Reality, Setting]:
    """Search with every sampler and every scheduler asked for, with many seeds each.

    Without names: random and the file's sampler, each with every trial trained to its end and with the file's
    scheduler. Without a budget: what the file's trials take when none of them is stopped.

    Raises:
        SimulationError: names that are not known, records that nothing can be replayed on.
    """
    definition = sweep.definition
    curves = load_curves(asked.source, sweep, results)
    schedulers = list(dict.fromkeys(asked.schedulers or ("fifo", definition.scheduler.name)))
    samplers = list(dict.fromkeys(asked.samplers or ("random", definition.search_algorithm.sampler)))
    compared = algorithms(sweep, samplers, schedulers, curves.epochs)
    reality = Reality(curves, Objective.of(sweep.resolved()).sign)
    budget = definition.trials * curves.epochs if asked.budget is None else asked.budget
    if budget < curves.epochs:
        enough = definition.trials * curves.epochs
        raise SimulationError(f"--budget-epochs {budget}: no trial can run its {curves.epochs} epochs. Try: {enough}")
    within = reality.standard_error if asked.within is None else asked.within
    target = reality.best - reality.sign * within
    setting = Setting(asked.seeds, asked.slots, budget, target, _repeats(sweep, curves))
    return compare(compared, reality, setting), reality, setting


def _repeats(sweep: Sweep, curves: Curves) -> int:
    """Runs of a trial, out of those recorded of every configuration; a sweep's own trials are means already."""
    wanted = sweep.definition.repeats
    if curves.of_trials:
        return 1
    if wanted > curves.repeats:
        raise SimulationError(
            f"{curves.source} has {curves.repeats} trainings of some configurations, repeats: {wanted} takes more. "
            f"Try: repeats: {curves.repeats} in FILE"
        )
    return wanted
