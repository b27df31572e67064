"""Whether the scores of a sweep's trials can be set side by side: what was scored apart from how it was listened to.

A run's protocol is a digest of the evaluation clips and their labels, and of the windows and their aggregation. The
first are the yardstick. The second (`segments`) are a part of the system that is compared: whatever the windows, each
clip gets one score per class, and the metrics are computed of those. Only a loss, or a proxy, is a mean over windows.
"""

import pandas as pd

from analysis.metrics.names import LOSSES
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import COLUMN_PREFIX, value_text

CLIPS, WINDOWS = "clips", "windows"
"""What differs between trials that can't be compared."""
_OF_TRAINING = ("segments.train_crop", "segments.crops_per_clip")
_CHOOSES_CLIPS = ("data.split.", "data.label_map", "data.exclude_classes", "data.drop_empty")
_PER_CLIP, _OF_THE_CLOCK = "val", ("cost", "seconds", "eval_seconds")


def obstacle(tables: SweepTables) -> str | None:
    """Return what keeps the scores of the complete search trials from being compared, None where nothing does.

    ``CLIPS``: some were scored on other clips or labels, or differ in more than the parameters of ``segments`` say.
    ``WINDOWS``: the same clips and labels, but in other windows, and the objective is a mean over windows.
    """
    trials = tables.stage_trials("search")
    scored = pd.DataFrame({"protocols": _protocols(tables), "windows": _segments(trials)}).dropna()
    if scored["protocols"].nunique() < 2:
        return None
    if _varies(trials, _CHOOSES_CLIPS) or (scored.groupby("windows")["protocols"].nunique() > 1).any():
        return CLIPS
    return None if _is_per_clip(Objective.of(tables.definition).metric) else WINDOWS


def _protocols(tables: SweepTables) -> pd.Series:
    """Trial -> the protocols of its runs, for complete trials."""
    trials, epochs = tables.stage_trials("search"), tables.stage_epochs("search")
    complete = trials.loc[trials["state"] == "complete", "trial"]
    known = epochs[epochs["trial"].isin(complete) & epochs["protocol"].notna()]
    return known.groupby("trial")["protocol"].agg(lambda found: " ".join(sorted(set(found))))


def _segments(trials: pd.DataFrame) -> pd.Series:
    """Trial -> all that was searched or derived of how clips are cut into windows and aggregated."""
    columns = [column for column in _settings(trials, ("segments.",)) if not column.endswith(_OF_TRAINING)]
    texts = [" ".join(map(value_text, row)) for row in trials[columns].itertuples(index=False)]
    return pd.Series(texts, index=trials["trial"], dtype=object)


def _varies(trials: pd.DataFrame, prefixes: tuple[str, ...]) -> bool:
    return any(trials[column].map(value_text).nunique() > 1 for column in _settings(trials, prefixes))


def _settings(trials: pd.DataFrame, prefixes: tuple[str, ...]) -> list[str]:
    wanted = tuple(COLUMN_PREFIX + prefix for prefix in prefixes)
    return [column for column in map(str, trials) if column.startswith(wanted)]


def _is_per_clip(metric: str) -> bool:
    """Tell whether a metric is computed of one score per clip and class, or, a time, of no score at all."""
    return metric not in LOSSES and metric.partition("/")[0] in (_PER_CLIP, *_OF_THE_CLOCK)
