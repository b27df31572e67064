"""The sweep file as typed sections (design, section 5). Imports nothing heavy."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from analysis.metrics.names import direction, metric_refusal
from trainers.config.section import Section
from tuneful.space.ranges import AnyEntry

EpochRule = Literal["last", "best", "mean_last_3"]
SplitScheme = Literal["stratified", "group", "stratified_group", "multilabel", "multilabel_group", "official"]
"""Those of `data.split.scheme` that validate on something."""


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


class OptunaSpec(Section):
    """Optuna draws the trials."""

    name: Literal["optuna"] = "optuna"
    sampler: Literal["tpe", "random"] = Field("tpe", description="tpe learns from finished trials")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the sampler; not of the training")


class AshaSpec(Section):
    """Asynchronous successive halving: at each rung only the best 1/reduction_factor of the trials go on."""

    name: Literal["asha"] = "asha"
    grace_period: int = Field(2, ge=1, description="epochs every trial gets")
    reduction_factor: int = Field(3, ge=2, description="one in so many goes on past a rung")


class FifoSpec(Section):
    """Every trial runs all its epochs."""

    name: Literal["fifo"] = "fifo"


SchedulerSpec = Annotated[AshaSpec | FifoSpec, Field(discriminator="name")]
Folds = tuple[Annotated[int, Field(ge=0)], ...]


class ConfirmSpec(Section):
    """The best trials trained again on more folds and seeds, without a scheduler."""

    top: int = Field(3, ge=1, description="how many trials")
    folds: Folds = Field((0,), min_length=1, description="the default is the sweep's folds")
    repeats: int = Field(3, ge=1, le=1000, description="paired seeds per fold")
    splits: tuple[SplitScheme, ...] = Field((), description="split schemes to train under; empty: the recipe's own")


class ResourcesSpec(Section):
    """What one trial occupies."""

    workers: int = Field(1, ge=1, le=4096, description="processes that train one run together")
    cpus_per_worker: int = Field(1, ge=1, description="CPU cores, and threads of torch")
    gpus_per_worker: float = Field(0, ge=0, description="GPUs; a fraction shares one between trials")


class SweepDefinition(Section):
    """A sweep file, every default written out."""

    version: Literal[1] = 1
    name: str | None = Field(None, description="name of the sweep; null: the file's")
    recipe: str = Field("chorus", min_length=1, description="the base experiment: a name or a path to YAML")
    recipe_data: dict[str, Any] | None = Field(
        None, description="what the recipe held when the sweep was first resolved; used in place of `recipe`"
    )
    set: dict[str, Any] = Field({}, description="settings of every trial, by dotted path")
    search: dict[str, tuple[AnyEntry, ...]] = Field(min_length=1, description="what differs, by dotted path")
    objective: ObjectiveSpec = ObjectiveSpec()
    search_algorithm: OptunaSpec = OptunaSpec()
    scheduler: SchedulerSpec = FifoSpec()
    trials: int = Field(20, ge=1, le=1_000_000, description="how many configurations are drawn")
    folds: Folds = Field((0,), min_length=1, description="folds each trial is trained on")
    repeats: int = Field(1, ge=1, le=1000, description="paired seeds per fold")
    confirm: ConfirmSpec | None = None
    resources: ResourcesSpec = ResourcesSpec()
    max_hours: float | None = Field(None, gt=0, description="h of wall time after which no trial is started")
    allow: tuple[str, ...] = Field((), description="codes of checks whose errors don't stop the sweep")
