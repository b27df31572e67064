"""One number from a metric's history: as submitted, at its best, or the mean of the last three epochs."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from analysis.metrics.names import direction, metric_refusal

CLOCK = ("seconds", "eval_seconds", "clips_per_second", "cost/inference_s_per_min")
AGGREGATES = ("best", "mean_last_3")


def aggregates(epochs: Sequence[Mapping[str, float]], submitted: int) -> dict[str, float]:
    """Every metric of a run as candidate scores.

    Args:
        epochs: the metrics after each epoch, in order.
        submitted: the epoch that was submitted, from 1.

    Returns:
        `val/macro_auc` after the submitted epoch, and for metrics of every epoch `val/macro_auc|best` (of all epochs)
        and `val/macro_auc|mean_last_3` (up to the submitted one).
    """
    found: dict[str, float] = {}
    for name, value in epochs[submitted - 1].items():
        if name in CLOCK or value is None:
            continue
        found[name] = float(value)
        history = [epoch[name] for epoch in epochs if epoch.get(name) is not None]
        if len(history) == len(epochs) > 1 and _is_metric(name):
            best = min if direction(name) == "min" else max
            finite = [one for one in history if math.isfinite(one)]
            last = history[max(0, submitted - 3) : submitted]
            found[f"{name}|best"] = float(best(finite)) if finite else math.nan
            found[f"{name}|mean_last_3"] = float(sum(last) / len(last))
    return found


@lru_cache(maxsize=4096)
def _is_metric(name: str) -> bool:
    return not metric_refusal(name)
