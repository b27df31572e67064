"""Many searches of several algorithms over the same worlds, and who of them is better."""

import math
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.uncertainty import Interval, paired_difference, t_interval
from tuneful.simulator.algorithms import Algorithm
from tuneful.simulator.traces import Trace, trace
from tuneful.simulator.world import Reality, World

BOOTSTRAPS = 2000
LEVEL = 0.95
Job = tuple[Algorithm, int]
"""a search by algorithm and seed"""
PARALLEL_FROM = 24
"""Searches that are worth the seconds that further processes take to start."""


@dataclass(frozen=True)
class Setting:
    """What all algorithms share."""

    seeds: int
    """searches of each algorithm"""
    slots: int
    budget: int
    """epochs of each search"""
    target: float
    """the true score to reach"""
    repeats: int = 1
    """runs of a trial"""


@dataclass(frozen=True)
class Ratio:
    """One algorithm's epochs to the target over another's, with the interval over search seeds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Searches:
    """Every search of one algorithm, by seed."""

    name: str
    traces: tuple[Trace, ...]
    target: float
    sign: int

    @property
    def true_scores(self) -> NDArray[np.float64]:
        """At the end of each search ``(seeds,)``."""
        return np.array([one.true_score for one in self.traces])

    @property
    def epochs_to_target(self) -> NDArray[np.float64]:
        """Of each search ``(seeds,)``; infinite where it was not reached."""
        return self._at_target(lambda point: point.epochs)

    @property
    def hours_to_target(self) -> NDArray[np.float64]:
        """The same in simulated hours."""
        return self._at_target(lambda point: point.seconds / 3600)

    @property
    def reached(self) -> float:
        """The share of the searches that reached the target."""
        return float(np.isfinite(self.epochs_to_target).mean())

    @property
    def spent(self) -> NDArray[np.float64]:
        """Epochs until the target or, where it was not reached, all that were trained ``(seeds,)``."""
        trained = np.array([one.epochs for one in self.traces], dtype=float)
        return np.where(np.isfinite(self.epochs_to_target), self.epochs_to_target, trained)

    @property
    def expected_epochs(self) -> float:
        """To the target for somebody who starts anew, with another seed, where a search ends without it."""
        return expected(self.spent, np.isfinite(self.epochs_to_target))

    def _at_target(self, value: Callable[[Any], float]) -> NDArray[np.float64]:
        points = [one.reached(self.target, self.sign) for one in self.traces]
        return np.array([math.inf if point is None else value(point) for point in points])


def compare(algorithms: Sequence[Algorithm], reality: Reality, setting: Setting) -> list[Searches]:
    """Search with every algorithm and every seed, on all cores; seed k of all algorithms sees the same world."""
    jobs = [(algorithm, seed) for seed in range(setting.seeds) for algorithm in algorithms]
    search = partial(_search, reality, setting)
    traces = list(map(search, jobs)) if len(jobs) < PARALLEL_FROM else _on_all_cores(search, jobs)
    return [
        Searches(algorithm.name, tuple(traces[i :: len(algorithms)]), setting.target, reality.sign)
        for i, algorithm in enumerate(algorithms)
    ]


def _on_all_cores(search: Callable[[Job], Trace], jobs: Sequence[Job]) -> list[Trace]:
    ignoring = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's
    with ProcessPoolExecutor(
        os.cpu_count() or 1, get_context("spawn"), initializer=signal.signal, initargs=ignoring
    ) as pool:
        return list(pool.map(search, jobs, chunksize=4))


def _search(reality: Reality, setting: Setting, job: Job) -> Trace:
    """One search of one algorithm."""
    algorithm, seed = job
    world = World(reality, seed, setting.repeats)
    return trace(algorithm.search(world, seed, setting.slots, setting.budget), reality)


def expected(spent: NDArray[np.float64], reached: NDArray[np.bool_]) -> float:
    """The expected running time: all epochs spent over the number of searches that reached the target.

    Hansen et al. 2010, Real-parameter black-box optimization benchmarking; infinite where none reached it.
    """
    return float(spent.sum() / reached.sum()) if reached.any() else math.inf


def epochs_ratio(one: Searches, other: Searches, level: float = LEVEL) -> Ratio:
    """`one`'s expected epochs over `other`'s, with the percentile interval of the bootstrap over paired seeds."""
    picks = np.random.default_rng(0).integers(len(one.traces), size=(BOOTSTRAPS, len(one.traces)))
    sides = [(side.spent, np.isfinite(side.epochs_to_target)) for side in (one, other)]
    ratios = [_ratio(*(expected(spent[pick], reached[pick]) for spent, reached in sides)) for pick in picks]
    tail = (1 - level) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail], method="closest_observation")
    return Ratio(_ratio(one.expected_epochs, other.expected_epochs), float(low), float(high))


def _ratio(one: float, other: float) -> float:
    """Infinite where `one` never reaches the target, 1 where neither does."""
    return 1.0 if math.isinf(one) and math.isinf(other) else one / other


def true_score(searches: Searches) -> Interval:
    """The mean true score at the end, over search seeds."""
    return t_interval(searches.true_scores, LEVEL)


def gain(one: Searches, other: Searches, level: float = LEVEL) -> Interval:
    """By how much `one`'s true score is better than `other`'s, seed by seed."""
    sign = one.sign
    return paired_difference(sign * one.true_scores, sign * other.true_scores, level)
