"""The loop: how long, how large, how exact, what is kept, what is measured."""

from typing import Literal

from pydantic import Field, field_validator

from analysis.metrics.names import metric_refusal
from trainers.config.section import Section


class TrainingSpec(Section):
    """Epochs, batches, precision."""

    epochs: int = Field(10, ge=1, le=100_000, description="passes over the training clips")
    batch_size: int = Field(32, ge=1, description="samples per step over all workers together")
    accumulate: int = Field(1, ge=1, le=4096, description="batches whose gradients are added up before a step")
    eval_batch_size: int = Field(
        64, ge=1, description="windows per evaluation step and worker; fewer where a GPU's memory is too little"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="auto: bf16 where the GPU has it, else fp16 with loss scaling, fp32 on CPU"
    )
    channels_last: bool = Field(True, description="memory format of images; faster on CPUs and tensor cores")
    grad_clip: float | None = Field(None, gt=0, description="largest global gradient norm; null: none")
    ema_decay: float | None = Field(
        None, gt=0, lt=1, description="evaluate and keep a moving average of the weights; null: the weights themselves"
    )
    keep: Literal["last", "best"] = Field("last", description="which epoch's checkpoint and logits are kept")
    monitor: str = Field(
        "val/macro_auc", description="the metric that `keep: best`, early stopping and `plateau` look at"
    )
    early_stopping_patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without a better `monitor`; null: never"
    )
    early_stopping_min_delta: float = Field(0.0, ge=0, description="least improvement that counts")

    @field_validator("monitor")
    @classmethod
    def _known(cls, name: str) -> str:
        if refusal := metric_refusal(name):
            raise ValueError(f"training.monitor {refusal}")
        return name


class EvaluationSpec(Section):
    """What is measured beside every registered metric over all clips and classes."""

    rare_below: int | None = Field(None, ge=1, description="classes with fewer training clips are `rare`")
    frequent_above: int | None = Field(None, ge=1, description="classes with more are `frequent`; between: `common`")
    per_class: bool = Field(False, description="AUC, average precision, F1, precision and recall of every class, too")
    polyphony: bool = Field(False, description="every metric for clips with 0, 1, 2, 3 and more labels, too")
    by: tuple[str, ...] = Field((), description="catalogue columns (site, author) whose groups are measured, too")
    tune_thresholds: bool = Field(
        False, description="F1 at thresholds tuned per class on the training clips, too; costs their prediction"
    )

    @field_validator("frequent_above")
    @classmethod
    def _ordered(cls, frequent: int | None, info: object) -> int | None:
        rare = getattr(info, "data", {}).get("rare_below")
        if frequent is not None and rare is not None and frequent < rare - 1:
            raise ValueError(f"evaluation.frequent_above must be >= rare_below - 1 ({rare - 1}), got {frequent}")
        return frequent
