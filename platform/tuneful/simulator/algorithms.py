"""The algorithms that are compared: a sampler with a scheduler, by name."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import optuna

from analysis.metrics.registry import Direction
from trainers.training.stopping import EarlyStopping
from tuneful.errors import SimulationError
from tuneful.simulator.curves import Curve
from tuneful.simulator.replay import Replay, Step, Train
from tuneful.simulator.world import World
from tuneful.space.definition import Sampler
from tuneful.space.schedulers import AshaSpec, EarlyStopSpec, FifoSpec, HyperBandSpec, MedianSpec, SchedulerSpec
from tuneful.space.sweep import Sweep
from tuneful.sweep.schedulers.scheduler import build_scheduler
from tuneful.sweep.searchers.search import searcher_of

optuna.logging.set_verbosity(optuna.logging.WARNING)

SAMPLERS: tuple[str, ...] = get_args(Sampler)
SCHEDULERS = {"fifo": FifoSpec, "asha": AshaSpec, "hyperband": HyperBandSpec, "median": MedianSpec}


@dataclass(frozen=True)
class Algorithm:
    """A way of searching."""

    sweep: Sweep
    """with the sampler and the scheduler"""

    @classmethod
    def of(cls, sweep: Sweep, sampler: str, scheduler: SchedulerSpec) -> "Algorithm":
        """The sweep with another sampler and scheduler; of several objectives the first."""
        return cls(_changed(sweep, {"sampler": sampler}, scheduler=scheduler, further_objectives=()))

    @property
    def name(self) -> str:
        """`tpe + asha`; a sampler alone trains every trial to its end."""
        sampler, scheduler = self.sweep.definition.search_algorithm.sampler, self.sweep.definition.scheduler.name
        return sampler if scheduler == "fifo" else f"{sampler} + {scheduler}"

    def search(self, world: World, seed: int, slots: int, budget: int) -> Iterator[Step]:
        """A search with the sampler seeded by `seed`, epoch by epoch; at most `budget` epochs."""
        seeded = _changed(self.sweep, {"seed": seed})
        scheduler = build_scheduler(seeded.resolved(), world.reality.curves.epochs, ())
        replay = Replay(self._train(world), slots, lambda *make: searcher_of(seeded, *make), scheduler)
        return replay.steps(budget)

    def _train(self, world: World) -> Train:
        rule, mode = self.sweep.definition.early_stop, self.sweep.definition.objective.mode
        return world.curve if rule is None else lambda params: ended_early(world.curve(params), rule, mode)


def algorithms(sweep: Sweep, samplers: Sequence[str], schedulers: Sequence[str], epochs: int) -> list[Algorithm]:
    """Every sampler with every scheduler, in their order; the file's own scheduler keeps its settings.

    Args:
        sweep: the file.
        samplers: by name.
        schedulers: by name.
        epochs: of a whole curve.

    Raises:
        SimulationError: an unknown name, a grid of a continuous space, a scheduler that changes trials under way.
    """
    _check("--sampler", samplers, SAMPLERS)
    _check("--scheduler", schedulers, tuple(SCHEDULERS))
    if "grid" in samplers and sweep.space.size() is None:
        raise SimulationError("--sampler grid: the space has continuous ranges. Try: another sampler")
    found = [_scheduler(sweep, name, epochs) for name in schedulers]
    return [Algorithm.of(sweep, sampler, scheduler) for sampler in samplers for scheduler in found]


def ended_early(curve: Curve, rule: EarlyStopSpec, mode: Direction) -> Curve:
    """The part of a curve that `early_stop` leaves: a trial ends itself with the epoch at which the rule holds."""
    stopping = EarlyStopping(rule.patience, rule.min_gain, mode)
    for epoch, score in enumerate(curve.scores, 1):
        if stopping.update(score) and epoch >= rule.grace_period and not math.isnan(score):
            return replace(curve, scores=curve.scores[:epoch], seconds=curve.seconds[:epoch])
    return curve


def _check(option: str, names: Sequence[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name == "pbt":
            raise SimulationError(
                f"{option} pbt changes the settings of a trial while it trains, which no recorded curve knows. "
                f"Try: {', '.join(known)}"
            )
        if name not in known:
            raise SimulationError(f"{option} {name!r} is not known. Known: {', '.join(known)}. Try: one of those")


def _scheduler(sweep: Sweep, name: str, epochs: int) -> SchedulerSpec:
    own = sweep.definition.scheduler
    spec: SchedulerSpec = own if own.name == name else SCHEDULERS[name]()
    grace = getattr(spec, "grace_period", 1)
    if grace > epochs:
        raise SimulationError(
            f"--scheduler {name}: grace_period {grace} is more than the {epochs} epochs recorded. "
            "Try: a smaller grace_period in FILE"
        )
    return spec


def _changed(sweep: Sweep, of_search: dict[str, Any], **more: Any) -> Sweep:
    """The sweep with fields of `search_algorithm`, and others, replaced."""
    definition = sweep.definition
    algorithm = definition.search_algorithm.model_copy(update=of_search)
    return replace(sweep, definition=definition.model_copy(update={"search_algorithm": algorithm, **more}))
