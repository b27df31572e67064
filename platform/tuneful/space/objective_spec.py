"""`objective:` what makes a trial better than another."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from analysis.metrics.names import INFERENCE_COST, direction, metric_refusal
from analysis.proxies.names import REPORTED, proxy_direction
from trainers.config.section import Section

EpochRule = Literal["last", "best", "mean_last_3"]
COSTS = ("seconds", "eval_seconds", INFERENCE_COST)
"""What an epoch takes in training and in evaluation, and a minute of audio: objectives beside a score, the lower the
better."""

_OF_PROXY = re.compile(r"(?!(?:train|val|test)/)[a-z][a-z0-9_]{0,39}/([a-z0-9_]+)(@snr=-?[0-9.]+)?")


def at_the_end_only(metric: str) -> bool:
    """Whether a metric is known of the checkpoint that is kept, not of every epoch: one of a proxy."""
    found = _OF_PROXY.fullmatch(metric)
    return found is not None and any(found[1] in names for names in REPORTED.values())


def objective_refusal(metric: str) -> str | None:
    """Why no run reports a metric by that name, or None where one can."""
    return None if metric in COSTS or at_the_end_only(metric) else metric_refusal(metric)


def objective_direction(metric: str) -> str:
    """`max` or `min`: which way a metric is better."""
    if metric in COSTS:
        return "min"
    return proxy_direction(metric) if at_the_end_only(metric) else direction(metric)


class ObjectiveSpec(Section):
    """What makes a trial better than another."""

    metric: str = Field("val/macro_auc", description="reported by every run after every epoch")
    mode: Literal["max", "min"] = Field("max", description="max, or min for a loss; the default follows the metric")
    epoch: EpochRule = Field("last", description="which epoch's value counts")

    @model_validator(mode="before")
    @classmethod
    def _mode_of_metric(cls, values: Any) -> Any:
        metric = values.get("metric") if isinstance(values, dict) else None
        if isinstance(metric, str) and "mode" not in values and not objective_refusal(metric):
            return {**values, "mode": objective_direction(metric)}
        return values

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        if refusal := objective_refusal(name):
            raise ValueError(f"objective.metric {refusal}")
        return name

    @model_validator(mode="after")
    def _not_the_worst(self) -> "ObjectiveSpec":
        right = objective_direction(self.metric)
        if self.mode != right:
            raise ValueError(f"objective.mode {self.mode} looks for the worst {self.metric}. Try: mode: {right}")
        return self
