"""`objective:` what makes a trial better than another."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from analysis.metrics.names import direction, metric_refusal
from trainers.config.section import Section

EpochRule = Literal["last", "best", "mean_last_3"]


class ObjectiveSpec(Section):
    """What makes a trial better than another."""

    metric: str = Field("val/macro_auc", description="reported by every run after every epoch")
    mode: Literal["max", "min"] = Field("max", description="max, or min for a loss; the default follows the metric")
    epoch: EpochRule = Field("last", description="which epoch's value counts")

    @model_validator(mode="before")
    @classmethod
    def _mode_of_metric(cls, values: Any) -> Any:
        metric = values.get("metric") if isinstance(values, dict) else None
        if isinstance(metric, str) and "mode" not in values and not metric_refusal(metric):
            return {**values, "mode": direction(metric)}
        return values

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        if refusal := metric_refusal(name):
            raise ValueError(f"objective.metric {refusal}")
        return name

    @model_validator(mode="after")
    def _not_the_worst(self) -> "ObjectiveSpec":
        right = direction(self.metric)
        if self.mode != right:
            raise ValueError(f"objective.mode {self.mode} looks for the worst {self.metric}. Try: mode: {right}")
        return self
