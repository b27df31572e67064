"""What a score is: every metric of the project, by name, over one validation set.

A metric is a function ``(targets, probabilities) -> float``:

- ``targets``: ``(n, classes)`` bool or float. A class is positive where its target is **> 0.5**, so a soft secondary
  weight (0.3 for "also heard in the background") does not count as positive.
- ``probabilities``: ``(n, classes)`` float, higher is more likely. Rank metrics (``macro_auc``, ``map``) accept any
  monotone score, such as logits; ``macro_f1`` compares with 0.5 and needs probabilities.

Bad input (shapes that differ, no rows, NaN) is a ``ValueError``; a score that the data do not define (no class has both
a positive and a negative) is NaN.

To add a metric: write the function in a file of its family, pass its arguments through ``as_problem`` first, and put
it into ``METRICS`` under the name that results tables and ``objective.metric: val/<name>`` will use. The contract test
in ``tests/analysis/metrics`` then runs on it: a perfect prediction scores 1, the order of rows does not matter, the
value lies in [0, 1]. Old predictions can be scored with it without training again.
"""

from collections.abc import Callable

import numpy as np

from analysis.metrics.average_precision import mean_average_precision, per_class_average_precision
from analysis.metrics.f1 import macro_f1, per_class_f1
from analysis.metrics.roc_auc import macro_auc, per_class_auc

Metric = Callable[[np.ndarray, np.ndarray], float]

METRICS: dict[str, Metric] = {
    "macro_auc": macro_auc,
    "macro_f1": macro_f1,
    "map": mean_average_precision,
}

__all__ = [
    "METRICS",
    "Metric",
    "evaluate",
    "macro_auc",
    "macro_f1",
    "mean_average_precision",
    "per_class_auc",
    "per_class_average_precision",
    "per_class_f1",
]


def evaluate(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return every registered metric by name; both arguments ``(n, classes)``."""
    return {name: metric(targets, probabilities) for name, metric in METRICS.items()}
