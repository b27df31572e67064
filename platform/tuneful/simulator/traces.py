"""How a search went: the true score of the configuration that it would have named best, after every epoch."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tuneful.simulator.replay import Step
from tuneful.simulator.world import Reality


@dataclass(frozen=True)
class Point:
    """From here on the search names another configuration."""

    epochs: int
    """trained so far, over all trials"""
    seconds: float
    """since the search began"""
    true_score: float


@dataclass(frozen=True)
class Trace:
    """One search."""

    points: tuple[Point, ...]
    epochs: int
    """trained in all"""
    seconds: float
    trials: int

    @property
    def true_score(self) -> float:
        """Of the configuration that is best at the end; NaN where no trial has ended by itself."""
        return self.points[-1].true_score if self.points else math.nan

    def reached(self, target: float, sign: int) -> Point | None:
        """The first time that the best configuration so far is truly as good as `target`."""
        return next((point for point in self.points if sign * point.true_score >= sign * target), None)


def trace(steps: Iterable[Step], reality: Reality) -> Trace:
    """Follow a search as a person would: of the trials that ended by themselves the best by observed score counts.

    Trials that a scheduler stopped are never the best, as in a sweep's own table.
    """
    epochs, seconds, trials, best = 0, 0.0, set(), -math.inf
    points: list[Point] = []
    for step in steps:
        epochs, seconds = epochs + step.trained, step.at_s
        trials.add(step.trial.number)
        if step.ends == "complete" and reality.sign * step.score > best:
            best = reality.sign * step.score
            points.append(Point(epochs, seconds, reality.true_score(step.trial.params)))
    return Trace(tuple(points), epochs, seconds, len(trials))
