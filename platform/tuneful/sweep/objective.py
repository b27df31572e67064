"""From the metrics of a trial's runs to its score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Objective:
    """Which number a sweep optimises: a metric, its direction, and the epoch that counts."""

    metric: str
    mode: str
    """max or min"""
    epoch: str
    """last, best or mean_last_3"""

    def score(self, history: Sequence[float]) -> float:
        """One run's score after the epochs in `history`; NaN once the run has diverged."""
        if not history or math.isnan(history[-1]):
            return math.nan
        if self.epoch == "best":
            finite = [value for value in history if not math.isnan(value)]
            return max(finite) if self.mode == "max" else min(finite)
        if self.epoch == "mean_last_3":
            return sum(history[-3:]) / len(history[-3:])
        return history[-1]

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` beats score `b`; a NaN never does."""
        if math.isnan(a) or math.isnan(b):
            return not math.isnan(a)
        return a > b if self.mode == "max" else a < b

    @classmethod
    def of(cls, definition: dict[str, Any]) -> "Objective":
        """The objective of a resolved sweep file."""
        return cls(**{name: definition["objective"][name] for name in ("metric", "mode", "epoch")})
