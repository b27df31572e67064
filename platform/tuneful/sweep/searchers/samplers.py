"""Optuna's samplers by name, each built anew for every trial from the sweep's seed and the trial's number."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from tuneful.space.grid import combinations
from tuneful.space.parameters import Space
from tuneful.space.sample import distribution

ATTEMPTS = 4
"""How often a sampler draws a trial until it is one that no trial was; then it is drawn at random."""


@dataclass(frozen=True)
class Draw:
    """What a sampler is built for."""

    number: int
    """of the trial"""
    attempt: int
    """0, then 1, 2, ... where what was drawn is on record already"""
    seed: int
    """of this trial and attempt"""
    sweep_seed: int
    population: int
    """individuals of a generation, of the samplers that have generations"""
    space: Space


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler by name and seed: what it suggests depends on these, the trial's number and the history alone."""

    name: str
    seed: int
    population: int = 16

    @property
    def keeps_state(self) -> bool:
        """Whether it notes something beside each trial, which a replay must let it note again."""
        return self.name in WITH_GENERATIONS

    def build(self, number: int, space: Space, attempt: int = 0) -> BaseSampler:
        """The sampler that suggests trial `number`; after a few attempts one that draws at random."""
        words = [self.seed, number, attempt] if attempt else [self.seed, number]
        seed = int(np.random.SeedSequence(words).generate_state(1)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # by their authors' caution
            build = SAMPLERS[self.name] if attempt < ATTEMPTS else _random
            return build(Draw(number, attempt, seed, self.seed, self.population, space))


class SpaceQmcSampler(optuna.samplers.QMCSampler):
    """A scrambled Sobol sequence over every parameter of a space, conditional ones among them.

    Optuna's own learns the space from the first trial, which it draws at random, and can't know of parameters that this
    one hadn't. Here each parameter has a coordinate, whether a trial uses it or not, and the trial's number is that of
    the point: one sequence, also across a restart.
    """

    def __init__(self, draw: Draw) -> None:
        super().__init__(scramble=True, seed=draw.sweep_seed, warn_independent_sampling=False)
        self._number = draw.number
        parameters = draw.space.parameters.values()
        everything = {p.name(i): distribution(entry) for p in parameters for i, entry in enumerate(p.entries)}
        self._everything = {name: one for name, one in sorted(everything.items()) if not one.single()}

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All parameters."""
        del study, trial
        return self._everything

    def _find_sample_id(self, study: optuna.Study, search_space: dict[str, BaseDistribution]) -> int:
        """The point's number. Optuna counts its calls; private, and bounded with Optuna's version."""
        del study, search_space
        return self._number


def _tpe(draw: Draw) -> BaseSampler:
    # group: a conditional space falls apart into groups that are each sampled jointly
    return optuna.samplers.TPESampler(seed=draw.seed, multivariate=True, group=True, constant_liar=True)


def _random(draw: Draw) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=draw.seed)


def _qmc(draw: Draw) -> BaseSampler:
    return _random(draw) if draw.attempt else SpaceQmcSampler(draw)


def _cmaes(draw: Draw) -> BaseSampler:
    return optuna.samplers.CmaEsSampler(seed=draw.seed, popsize=draw.population, warn_independent_sampling=False)


def _gp(draw: Draw) -> BaseSampler:
    return optuna.samplers.GPSampler(seed=draw.seed, warn_independent_sampling=False)


def _nsga2(draw: Draw) -> BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=draw.seed, population_size=draw.population)


def _nsga3(draw: Draw) -> BaseSampler:
    return optuna.samplers.NSGAIIISampler(seed=draw.seed, population_size=draw.population)


SAMPLERS: dict[str, Callable[[Draw], BaseSampler]] = {
    "tpe": _tpe,
    "random": _random,
    "grid": _random,  # is never asked: the study hands out the combinations
    "qmc": _qmc,
    "cmaes": _cmaes,
    "gp": _gp,
    "nsga2": _nsga2,
    "nsga3": _nsga3,
}
WITH_GENERATIONS = frozenset({"cmaes", "nsga2", "nsga3"})


@dataclass
class Enumeration:
    """The combinations of a space in an order shuffled by a seed, as Optuna's parameters."""

    space: Space
    seed: int
    _points: list[dict[str, Any]] | None = field(default=None, init=False)

    def first(self, taken: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any] | None:
        """The first combination that is not taken; None: all are."""
        if self._points is None:
            everything = list(combinations(self.space))
            order = np.random.default_rng(self.seed).permutation(len(everything))
            self._points = [self.space.params(everything[i]) for i in order]
        return next((point for point in self._points if not taken(point)), None)
