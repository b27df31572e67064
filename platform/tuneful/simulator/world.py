"""What training a configuration brings: one of its recorded curves, or the surrogate's."""

import math
import zlib
from functools import cached_property
from typing import Any

import numpy as np

from tuneful.simulator.curves import Curve, Curves, Key, key_of, mean_curve
from tuneful.simulator.surrogate import Surrogate


class Reality:
    """What is true of every configuration, whichever training of it a search happens to see.

    Args:
        curves: what was recorded.
        sign: +1 where a higher score is better, -1 where a lower one is.
    """

    def __init__(self, curves: Curves, sign: int) -> None:
        self.curves, self.sign = curves, sign
        self.surrogate = Surrogate(curves)
        self._truths = {key: mean_curve(found) for key, found in curves.whole.items()}

    def true_score(self, params: dict[str, Any]) -> float:
        """The mean of a configuration's final scores over all recorded seeds; NaN where any diverged.

        Where it was not recorded to its end, the surrogate's prediction.
        """
        key = key_of(params)
        curve = self._truths[key] if self.curves.ended(key) else self._completed(params)
        return curve.scores[-1]

    @cached_property
    def best(self) -> float:
        """The true score of the best configuration that was recorded."""
        scores = [self.sign * curve.scores[-1] for curve in self._truths.values() if not curve.diverged]
        return self.sign * max(scores)

    @property
    def repeated(self) -> bool:
        """Whether any configuration was trained more than once: else nothing is known of the noise."""
        return any(len(found) > 1 for found in self.curves.whole.values())

    @cached_property
    def standard_error(self) -> float:
        """Of the true score of the best recorded configuration; 0 where nothing was repeated."""
        best = next(key for key, curve in self._truths.items() if curve.scores[-1] == self.best)
        finals = [curve.scores[-1] for curve in self.curves.whole[best]]
        return float(np.std(finals, ddof=1)) / math.sqrt(len(finals)) if len(finals) > 1 else 0.0

    def _completed(self, params: dict[str, Any]) -> Curve:
        """The surrogate's curve; behind the recorded part of one that was stopped, in steps from its last score."""
        predicted = self.surrogate.curve(params)
        begun = self.curves.by_key.get(key_of(params))
        return predicted if begun is None else continued(begun[0], predicted)


class World:
    """Reality as one search sees it: each configuration shows one of its trainings.

    Which one is drawn from the search's seed and the configuration, so that algorithms with the same seed see the same.
    """

    def __init__(self, reality: Reality, seed: int, repeats: int = 1) -> None:
        self.reality, self._seed, self._repeats = reality, seed, repeats
        self._known: dict[Key, Curve] = {}

    def curve(self, params: dict[str, Any]) -> Curve:
        """What a trial of this configuration goes through; always the same one."""
        key = key_of(params)
        if key not in self._known:
            self._known[key] = self._draw(key, params)
        return self._known[key]

    def _draw(self, key: Key, params: dict[str, Any]) -> Curve:
        draws = np.random.default_rng([self._seed, zlib.crc32(key.encode())])
        recorded = self.reality.curves.ended(key)
        if recorded:
            chosen = draws.permutation(len(recorded))[: self._repeats]
            return mean_curve([recorded[i] for i in chosen])
        begun = self.reality.curves.by_key.get(key)
        predicted = self._noisy(params, draws)
        return predicted if begun is None else continued(begun[0], predicted)

    def _noisy(self, params: dict[str, Any], draws: np.random.Generator) -> Curve:
        """The surrogate's curve with how a training of the nearest configuration differed from that one's mean."""
        surrogate = self.reality.surrogate
        predicted = surrogate.curve(params)
        repeats = self.reality.curves.whole[surrogate.nearest(params)]
        mean = np.array(mean_curve(repeats).scores)
        chosen = draws.permutation(len(repeats))[: self._repeats]
        noise = np.mean([np.array(repeats[i].scores) - mean for i in chosen], axis=0)
        # A mean of n differs from its values by sqrt((n - 1) / n) of their spread.
        inflated = noise * math.sqrt(len(repeats) / max(1, len(repeats) - 1))
        scores = tuple(float(score) for score in np.array(predicted.scores) + inflated)
        seconds = tuple(second * len(chosen) for second in predicted.seconds)
        return Curve(predicted.params, scores, seconds, whole=True)


def continued(begun: Curve, predicted: Curve) -> Curve:
    """A recorded curve that was stopped, going on as a predicted one does."""
    if begun.whole or len(begun.scores) >= len(predicted.scores):
        return begun
    n = len(begun.scores)
    step = begun.scores[-1] - predicted.scores[n - 1]
    scores = begun.scores + tuple(score + step for score in predicted.scores[n:])
    return Curve(begun.params, scores, begun.seconds + predicted.seconds[n:], whole=True)
