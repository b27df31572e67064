"""What a sweep optimises: which metric, which direction, and which epoch of a run counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Objective:
    """``metric``: a column of the epochs table; ``mode``: max or min; ``epoch``: last, best or mean_last_3."""

    metric: str = "val/macro_auc"
    mode: str = "max"
    epoch: str = "last"

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Objective":
        """Read the objective of a sweep definition; of several objectives the first."""
        spec = definition.get("objective") or {}
        spec = spec[0] if isinstance(spec, list) else spec
        known = {key: str(spec[key]) for key in ("metric", "mode", "epoch") if spec.get(key) is not None}
        return cls(**known)

    @property
    def sign(self) -> int:
        """+1 when higher is better, -1 when lower is."""
        return -1 if self.mode == "min" else 1

    def best_first(self, table: pd.DataFrame, column: str = "score") -> pd.DataFrame:
        """Return ``table`` sorted from the best ``column`` to the worst, rows without one last; stable."""
        order = np.argsort(-self.sign * table[column].to_numpy(dtype=float), kind="stable")  # NaN sorts last
        return table.iloc[order]

    def run_score(self, run: pd.DataFrame) -> float:
        """Return the score of one run from its epoch rows; NaN without the metric.

        A run whose last epoch is not finite has diverged and has no score under any rule.
        """
        if self.metric not in run or run.empty:
            return float("nan")
        values = run.sort_values("epoch")[self.metric].to_numpy(dtype=float)
        if not np.isfinite(values[-1]):
            return float("nan")
        if self.epoch == "best":
            return float(self.sign * np.nanmax(self.sign * values))
        if self.epoch.startswith("mean_last_"):
            return float(np.mean(values[-int(self.epoch.removeprefix("mean_last_")) :]))
        return float(values[-1])
