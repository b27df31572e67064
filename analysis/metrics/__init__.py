"""What a score is: every metric of the project, by name, over one validation set.

``evaluate(targets, probabilities)`` returns all of ``METRICS`` from one set of scores:

- ``targets``: ``(n, classes)`` bool or float. A class is positive where its target is **> 0.5**, so a soft secondary
  weight (0.3 for "also heard in the background") does not count as positive.
- ``probabilities``: ``(n, classes)`` float, higher is more likely. What only ranks (``macro_auc``, ``map``,
  ``lwlrap``, ``map_at_3``) accepts any monotone score, such as logits; what decides compares with 0.5 and needs
  probabilities, and so does ``cmap``.

Bad input (shapes that differ, no rows, NaN) is a ``ValueError``; a score that the data do not define (no class has both
a positive and a negative) is NaN. A class that never occurs is left out of every mean over classes, and counted by
``absent_classes``; only ``cmap`` follows its publication, where such a class counts with about 1.

The same metrics of a part of the data: ``by_frequency``, ``by_polyphony``, ``by_column``; at thresholds tuned on
training rows: ``tune_thresholds``, ``tuned_scores``. ``metric_refusal`` knows all the names that a run reports.

To add a metric: write it as a function of a ``Case`` in the file of its family and put it into ``registry.py`` with its
direction, its definition in one sentence and its source. Its name is then a column of the results tables, a monitor
and an objective (``objective.metric: val/<name>``). The contract test in ``tests/analysis/metrics`` runs on it: a
perfect prediction scores 1, the order of rows and classes does not matter, the value lies in [0, 1]. To have it
reported in groups, add it to the lists of ``groups.py``. Old predictions can be scored with it without training again.
"""

from analysis.metrics.average_precision import mean_average_precision, per_class_average_precision
from analysis.metrics.case import Case, Sequence, absent_classes, as_case
from analysis.metrics.f1 import macro_f1, per_class_f1, per_class_precision, per_class_recall
from analysis.metrics.groups import by_class, by_column, by_frequency, by_polyphony
from analysis.metrics.label_ranking import per_class_lwlrap
from analysis.metrics.names import direction, metric_refusal
from analysis.metrics.registry import METRICS, Metric, evaluate, measure
from analysis.metrics.roc_auc import macro_auc, per_class_auc
from analysis.metrics.thresholds import tune_thresholds, tuned_scores

__all__ = [
    "METRICS",
    "Case",
    "Metric",
    "Sequence",
    "absent_classes",
    "as_case",
    "by_class",
    "by_column",
    "by_frequency",
    "by_polyphony",
    "direction",
    "evaluate",
    "macro_auc",
    "macro_f1",
    "mean_average_precision",
    "measure",
    "metric_refusal",
    "per_class_auc",
    "per_class_average_precision",
    "per_class_f1",
    "per_class_lwlrap",
    "per_class_precision",
    "per_class_recall",
    "tune_thresholds",
    "tuned_scores",
]
