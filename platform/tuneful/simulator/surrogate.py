"""Curves of configurations that nobody trained, from those of their nearest neighbours."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tuneful.simulator.curves import Curve, Curves, Key, mean_curve, stacked
from tuneful.space.parameters import Space
from tuneful.space.ranges import IntEntry
from tuneful.space.real_ranges import FloatEntry

NEIGHBOURS = 3
NEAR = 1e-3
"""Added to distances before they are inverted; the whole of a range is 1."""


class Surrogate:
    """The mean of the nearest recorded curves, the nearer the more (inverse distance weighting, Shepard 1968).

    Averaging whole curves keeps their shapes, which a model that predicts epoch by epoch would not. Configurations are
    points: numbers scaled to their range (to its logarithm where that is searched), choices 0 or 1 apart; a parameter
    that only one of two configurations has puts them 1 apart.
    """

    def __init__(self, curves: Curves) -> None:
        self._scale = _Scale(curves.space)
        means = {key: mean_curve(found) for key, found in curves.whole.items()}
        finite = {key: curve for key, curve in means.items() if not curve.diverged}
        self._keys = list(finite)
        self._params = [curve.params for curve in finite.values()]
        self._scores = stacked([curve.scores for curve in finite.values()])
        repeats = [len(curves.whole[key]) for key in finite]
        seconds = [np.array(curve.seconds) / count for curve, count in zip(finite.values(), repeats, strict=True)]
        self._seconds = stacked([list(one) for one in seconds])

    def curve(self, params: Mapping[str, Any]) -> Curve:
        """The curve to expect of a configuration, without noise."""
        return self._mean(params, self._distances(params))

    def nearest(self, params: Mapping[str, Any]) -> Key:
        """The recorded configuration that is closest."""
        return self._keys[int(np.argmin(self._distances(params)))]

    @cached_property
    def rank_correlation(self) -> float:
        """Spearman's, between recorded final scores and those predicted from all other configurations."""
        if len(self._keys) <= NEIGHBOURS:
            return math.nan
        predicted = []
        for number, params in enumerate(self._params):
            distances = self._distances(params)
            distances[number] = np.inf
            predicted.append(self._mean(params, distances).scores[-1])
        return float(stats.spearmanr(predicted, self._scores[:, -1]).statistic)

    def _mean(self, params: Mapping[str, Any], distances: NDArray[np.float64]) -> Curve:
        nearest = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        weights = 1 / (distances[nearest] + NEAR)
        weights /= weights.sum()
        scores, seconds = weights @ self._scores[nearest], weights @ self._seconds[nearest]
        return Curve(dict(params), tuple(map(float, scores)), tuple(map(float, seconds)), whole=True)

    def _distances(self, params: Mapping[str, Any]) -> NDArray[np.float64]:
        """To every recorded configuration ``(configurations,)``."""
        return np.array([self._scale.distance(params, other) for other in self._params])


class _Scale:
    """How far two configurations are apart."""

    def __init__(self, space: Space) -> None:
        self._entries = space.entries

    def distance(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        """Euclidean over all parameters that either has."""
        return math.sqrt(sum(self._apart(name, one, other) ** 2 for name in one.keys() | other.keys()))

    def _apart(self, name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        if name not in one or name not in other:
            return 1.0
        entry = self._entries[name]
        if not isinstance(entry, FloatEntry | IntEntry):
            return float(one[name] != other[name])
        low, high, a, b = (
            math.log(x) if entry.log else float(x) for x in (entry.low, entry.high, one[name], other[name])
        )
        return abs(a - b) / (high - low)
