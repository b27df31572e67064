"""Which names of metrics a run can report, and which way is better; for `objective.metric` and `training.monitor`."""

import difflib
import re

from analysis.metrics.groups import COLUMN_METRICS, FREQUENCY_METRICS, POLYPHONY_LEVELS, POLYPHONY_METRICS
from analysis.metrics.registry import METRICS, Direction
from analysis.metrics.thresholds import TUNED_METRICS

LOSSES = ("train/loss", "val/loss")
"""Reported beside the registered metrics."""

INFERENCE_COST = "cost/inference_s_per_min"
"""Seconds of the device for a minute of audio, which every run reports. A timing: a sweep may trade scores against it,
but no run may be steered by it, as no two agree."""

_FIXED_GROUPS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rare", "common", "frequent"), FREQUENCY_METRICS),
    "tuned": TUNED_METRICS,
    **{f"polyphony={level}": POLYPHONY_METRICS for level in POLYPHONY_LEVELS},
}
_COLUMN_GROUP = re.compile(r"(?!(?:polyphony|class)\b)[A-Za-z_]\w*(=.+|:mean|:worst)")
_PLAIN = (*LOSSES, *(f"val/{name}" for name in METRICS))
_CLASS_GROUP = re.compile(r"class=.+")
_FORMS = (
    "@rare, @common, @frequent, @tuned, @class=<name>, @polyphony=0 to 3+, @<column>=<value>, @<column>:mean or "
    "@<column>:worst"
)


def metric_refusal(name: str) -> str | None:
    """Why ``name`` is no metric of a run (``val/macro_auc``, ``val/macro_f1@rare``), or None where it is one.

    The text goes on after the name of the setting: ``must be one of ..., got 'val/auc'. Did you mean val/macro_auc?``.
    """
    if name.startswith("test/"):
        return (
            f"must not be of the test split: what is chosen by {name} is fitted to it, and says nothing of "
            f"new recordings. Try: val/{name.removeprefix('test/')}"
        )
    _, at, group = name.partition("@")
    of_group = _of_group(group) if at else ()
    if name in _PLAIN or name in of_group:
        return None
    allowed = ", ".join(of_group or _PLAIN)
    forms = "" if of_group else f", or a metric of a group: {_FORMS}"
    return f"must be one of {allowed}{forms}, got {name!r}{_suggestion(name, of_group)}"


def direction(name: str) -> Direction:
    """Return max or min: which way the metric ``name`` of a run is better.

    Raises:
        ValueError: no metric of a run has that name.
    """
    if refusal := metric_refusal(name):
        raise ValueError(f"metric {refusal}")
    return "min" if name in LOSSES else METRICS[name.removeprefix("val/").partition("@")[0]].direction


def _of_group(group: str) -> tuple[str, ...]:
    """The full names of what is reported in a group; none where there is no such group."""
    metrics = _FIXED_GROUPS.get(group, ())
    if _CLASS_GROUP.fullmatch(group):
        metrics = FREQUENCY_METRICS
    elif _COLUMN_GROUP.fullmatch(group):
        metrics = COLUMN_METRICS
    return tuple(f"val/{metric}@{group}" for metric in metrics)


def _suggestion(name: str, of_group: tuple[str, ...]) -> str:
    """`. Did you mean X?` where a name is near, or ends as the one given: auc for macro_auc."""
    column, colon, _ = name.partition("@")[2].partition(":")
    groups = (*_FIXED_GROUPS, *((f"{column}:mean", f"{column}:worst") if colon else ()))
    known = of_group or (*_PLAIN, *(full for group in groups for full in _of_group(group)))
    metric = name.removeprefix("val/")
    matches = [other for other in known if other.endswith((f"/{metric}", f"_{metric}"))]
    matches = matches or difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f". Did you mean {matches[0]}?" if matches else ""
