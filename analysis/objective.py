"""What a sweep optimises: which metric, which direction, and which epoch of a run counts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Objective:
    """The number that a sweep optimises."""

    metric: str = "val/macro_auc"
    """a column of the epochs table"""
    mode: str = "max"
    """max or min"""
    epoch: str = "last"
    """last, best or mean_last_3"""

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Objective":
        """The objective of a sweep's definition; of several objectives the first."""
        spec = definition.get("objective") or {}
        spec = spec[0] if isinstance(spec, list) else spec
        known = {key: str(spec[key]) for key in ("metric", "mode", "epoch") if spec.get(key) is not None}
        return cls(**known)

    @classmethod
    def all_of(cls, definition: Mapping[str, Any]) -> "tuple[Objective, ...]":
        """Every objective of a sweep's definition, the one that schedulers and tables use first."""
        spec = definition.get("objective")
        return tuple(cls.of({"objective": one}) for one in (spec if isinstance(spec, list) else [spec]))

    @property
    def sign(self) -> int:
        """+1 when higher is better, -1 when lower is."""
        return -1 if self.mode == "min" else 1

    def score(self, history: Sequence[float]) -> float:
        """A run's score from its metric after each epoch; NaN once its last value is not finite: it has diverged."""
        if not history or not math.isfinite(history[-1]):
            return math.nan
        if self.epoch == "best":
            return self.sign * max(self.sign * value for value in history if math.isfinite(value))
        counted = history[-3:] if self.epoch == "mean_last_3" else history[-1:]
        return sum(counted) / len(counted)

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` beats score `b`; a NaN never does."""
        if math.isnan(a) or math.isnan(b):
            return not math.isnan(a)
        return self.sign * a > self.sign * b

    def run_score(self, run: pd.DataFrame) -> float:
        """A run's score from its rows of the epochs table; NaN without the metric."""
        if self.metric not in run:
            return math.nan
        return self.score([float(value) for value in run.sort_values("epoch")[self.metric]])

    def best_first(self, table: pd.DataFrame, column: str = "score") -> pd.DataFrame:
        """`table` sorted from the best `column` to the worst, rows without one last; stable."""
        order = np.argsort(-self.sign * table[column].to_numpy(dtype=float), kind="stable")  # NaN sorts last
        return table.iloc[order]
