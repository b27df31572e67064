"""Recorded learning curves: which configuration scored what after every epoch, and how long the epochs took."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuneful.errors import SimulationError
from tuneful.space.parameters import Space
from tuneful.space.ranges import ChoiceEntry, IntEntry
from tuneful.space.sample import encode
from tuneful.sweep.searchers.points import MisfitError, point_in

Key = str
"""A configuration: its parameters as JSON text."""


@dataclass(frozen=True)
class Curve:
    """One training of a configuration, as recorded."""

    params: Mapping[str, Any]
    """Optuna's parameters"""
    scores: tuple[float, ...]
    """what the scheduler saw after each epoch, from epoch 1 on; a run that diverged ends with NaN"""
    seconds: tuple[float, ...]
    """of each epoch"""
    whole: bool
    """whether it ended by itself; else it was stopped and would have gone on"""

    @property
    def key(self) -> Key:
        """Its configuration."""
        return key_of(self.params)

    @property
    def diverged(self) -> bool:
        """Whether its last score is no number."""
        return bool(np.isnan(self.scores[-1]))


@dataclass(frozen=True)
class Curves:
    """Everything that was recorded of a space."""

    space: Space
    curves: tuple[Curve, ...]
    source: str
    """where from, for people"""
    outside: int = 0
    """how many recorded trainings were left out: their configurations are not in the space"""
    of_trials: bool = False
    """whether a curve is that of a trial, the mean of its runs; else of a single run"""

    def __post_init__(self) -> None:
        """Refuse what nothing can be replayed on."""
        if not any(curve.whole for curve in self.curves):
            raise SimulationError(
                f"{self.source} holds no learning curve of this space that ran to its end ({self.outside} lie outside "
                "the space). Try: a sweep with `scheduler: {name: fifo}`, or another FILE"
            )

    @cached_property
    def by_key(self) -> dict[Key, tuple[Curve, ...]]:
        """The trainings of each configuration, in the order of their recording."""
        found: defaultdict[Key, list[Curve]] = defaultdict(list)
        for curve in self.curves:
            found[curve.key].append(curve)
        return {key: tuple(curves) for key, curves in found.items()}

    @cached_property
    def whole(self) -> dict[Key, tuple[Curve, ...]]:
        """The same, of trainings that ended by themselves with all their epochs."""
        kept = {key: tuple(c for c in curves if self._ended(c)) for key, curves in self.by_key.items()}
        return {key: curves for key, curves in kept.items() if curves}

    def ended(self, key: Key) -> tuple[Curve, ...]:
        """The whole trainings of a configuration; none where it was not recorded to its end."""
        found = self.whole.get(key, ())
        if self.exact and not found:  # the surrogate would make up what is on record
            raise AssertionError(f"{self.source} holds every configuration of the space, but not {key}")
        return found

    @property
    def epochs(self) -> int:
        """Of a training that nothing stopped."""
        return max(len(curve.scores) for curve in self.curves if curve.whole)

    @property
    def repeats(self) -> int:
        """Trainings of every configuration that ran to its end, at least."""
        return min(len(curves) for curves in self.whole.values())

    @cached_property
    def exact(self) -> bool:
        """Whether every configuration of the space has a whole curve."""
        return self.space.size() == len(self.whole)

    def _ended(self, curve: Curve) -> bool:
        return curve.whole and (curve.diverged or len(curve.scores) == self.epochs)


def key_of(params: Mapping[str, Any]) -> Key:
    """Equal for equal parameters, whether whole numbers come as 3 or as 3.0."""
    return json.dumps({name: _plain(value) for name, value in params.items()}, sort_keys=True)


def params_of(space: Space, cell: Callable[[str], Any]) -> dict[str, Any] | None:
    """Optuna's parameters of what was recorded; None where the space does not hold it.

    Args:
        space: what is searched.
        cell: path -> the recorded value, None or NaN where there is none.
    """
    try:
        return space.params(point_in(space, lambda path: _as_searched(space, path, cell(path))))
    except MisfitError:
        return None


def stacked(values: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Curves of equal length as an array ``(curves, epochs)``."""
    return np.array(values, dtype=float)


def mean_curve(curves: Iterable[Curve]) -> Curve:
    """The mean of trainings of one configuration that advance together; the first to diverge ends them all."""
    together = list(curves)
    length = min(len(curve.scores) for curve in together)
    scores = stacked([curve.scores[:length] for curve in together]).mean(axis=0)
    seconds = stacked([curve.seconds[:length] for curve in together]).sum(axis=0)
    whole = all(curve.whole for curve in together)
    return Curve(together[0].params, tuple(map(float, scores)), tuple(map(float, seconds)), whole)


def _as_searched(space: Space, path: str, value: Any) -> Any:
    """A recorded value as the space writes it: tables turn 3 into 3.0, and lists into text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    for entry in space.parameters[path].entries:
        if isinstance(entry, IntEntry) and isinstance(value, float) and value.is_integer():
            return int(value)
        for choice in entry.choice if isinstance(entry, ChoiceEntry) else ():
            if encode(choice) == encode(value) or encode(choice) == value:
                return choice
    return value


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
